"""A run's end in at most 4 KB of JSON: what a Kubernetes termination message holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from worker.errors import ExitStatus
from worker.tally import Tally

LIMIT: Final = 4096

log = structlog.get_logger(__name__)


def write(
    path: Path, status: ExitStatus, *, tally: Tally | None = None, error: Exception | None = None
) -> None:
    """Write the summary to `path`; a summary that cannot be written never changes the run's end."""
    try:
        path.write_bytes(encode(status, tally=tally, error=error))
    except OSError as failure:
        log.warning("summary not written", path=str(path), reason=failure.strerror)


def encode(
    status: ExitStatus, *, tally: Tally | None = None, error: Exception | None = None
) -> bytes:
    """The summary: exit status by number and name, counts, and the error's line, cut to fit."""
    said: dict[str, Any] = {"status": int(status), "meaning": status.name.lower()}
    if tally is not None:
        said |= tally.summary()
    message = str(error) if error is not None else None
    while True:
        body = msgspec.json.encode(said | ({"error": message} if message else {}))
        if len(body) < LIMIT or not message:
            return body + b"\n"
        message = message[: len(message) * 3 // 4]
