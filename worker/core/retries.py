"""Retries of operations that may fail for a transient reason; each retry is logged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Final

import stamina
import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from worker.core.errors import one_line

log = structlog.get_logger(__name__)

_what: Final[ContextVar[str]] = ContextVar("what")


def attempts(
    what: str,
    on: type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], bool],
    *,
    attempts: int,
    wait_initial: float,
    wait_max: float = 5.0,
    timeout: float | None = 45.0,
) -> Iterator[stamina.Attempt]:
    """Yield attempts, each used as ``with attempt: …``, until one does not raise `on`.

    `what` names the operation in the log, such as "read s3://bucket/key". The waits between
    attempts, in seconds, double from `wait_initial` to `wait_max`, with jitter; no attempt starts
    after `timeout`.
    """
    before = _what.set(what)
    try:
        yield from stamina.retry_context(
            on=on,
            attempts=attempts,
            timeout=timeout,
            wait_initial=wait_initial,
            wait_max=wait_max,
        )
    finally:
        _what.reset(before)


def _log(details: RetryDetails) -> None:
    log.warning(
        "trying again",
        what=_what.get(details.name),
        attempt=details.retry_num + 1,
        in_seconds=round(details.wait_for, 1),
        why=one_line(str(details.caused_by)) or type(details.caused_by).__name__,
    )


# By default stamina logs the Python call and the exception's repr.
set_on_retry_hooks([_log])
