"""Summary of a finished run, at most 4 KB of JSON: what a Kubernetes termination message holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from worker.core.errors import ExitStatus
from worker.run.outcome_counts import OutcomeCounts

LIMIT: Final = 4096

log = structlog.get_logger(__name__)


_wanted: Path | None = None


def want(path: Path | None) -> Path | None:
    """Let `write` write to `path`, or nowhere; called before any other option can be refused."""
    global _wanted  # noqa: PLW0603 - a process ends once
    _wanted = path
    return path


def write(
    status: ExitStatus, *, counts: OutcomeCounts | None = None, error: Exception | str | None = None
) -> None:
    """Write the summary if a path was given; failing to write it is only logged."""
    path = _wanted
    if path is None:
        return
    try:
        path.write_bytes(encode(status, counts=counts, error=error))
    except OSError as failure:
        log.warning("summary not written", path=str(path), reason=failure.strerror)


def encode(
    status: ExitStatus, *, counts: OutcomeCounts | None = None, error: Exception | str | None = None
) -> bytes:
    """The summary: exit status by number and name, counts, and the error, truncated to fit."""
    said: dict[str, Any] = {"status": int(status), "meaning": status.name.lower()}
    if counts is not None:
        said |= counts.summary()
    # Bytes of a path that are not UTF-8 are surrogates here, which JSON cannot hold.
    message = str(error).encode("utf-8", "backslashreplace").decode() if error is not None else None
    while True:
        body = msgspec.json.encode(said | ({"error": message} if message else {}))
        if len(body) < LIMIT or not message:
            return body + b"\n"
        message = message[: len(message) * 3 // 4]
