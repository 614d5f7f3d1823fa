"""What a terminal shows while work takes more than a few seconds: a count or a spinner."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console
from rich.status import Status


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None] | None]:
    """Yield a function that shows the count so far, or None if stderr is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with Status(what, console=Console(stderr=True)) as status:
        yield lambda count: status.update(f"{count:,} {what}")


class Spinner:
    """A spinner on stderr, if that is a terminal."""

    def __init__(self) -> None:
        self._status = Console(stderr=True).status("…") if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, what: str) -> None:
        """Show `what` as the current work."""
        if self._status is not None:
            self._status.update(what)
