"""A log line now and then, where reading the ledger takes more than a few seconds."""

from __future__ import annotations

import time
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

FIRST_S: Final = 4.0
NEXT_S: Final = 15.0


class Progress:
    """Tells how far a piece of work is, after FIRST_S and then every NEXT_S."""

    def __init__(self, doing: str, what: str, total: int | None = None) -> None:
        self._doing = doing
        self._what = what
        self._more: dict[str, Any] = {} if total is None else {"of": total}
        self._next = time.monotonic() + FIRST_S

    def at(self, done: int) -> None:
        """`done` of the pieces are done."""
        if (now := time.monotonic()) >= self._next:
            self._next = now + NEXT_S
            log.info(self._doing, **{self._what: done}, **self._more)
