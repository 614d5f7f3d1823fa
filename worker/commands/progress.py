"""A count on a terminal for work that may take longer than a few seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


@contextmanager
def counting(what: str) -> Iterator[Callable[[int], None] | None]:
    """A function to be told how many there are so far; None when nobody is looking."""
    if not sys.stderr.isatty():
        yield None
        return
    with Status(what, console=Console(stderr=True)) as status:
        yield lambda count: status.update(f"{count:,} {what}")
