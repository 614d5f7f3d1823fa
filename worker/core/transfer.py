"""Saves bytes from a network to a file, completely or not at all; limited in size and time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from worker.core import retries
from worker.core.deadline import Deadline
from worker.core.errors import Download, TooLarge

CHUNK = 1 << 18
T = TypeVar("T")


class TransientError(Exception):
    """A transient failure, with the seconds that a server asked to wait before the next attempt."""

    def __init__(self, message: str, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def retried(what: str, work: Callable[[], T], attempts: int, deadline: Deadline) -> T:
    """The result of `work`, which is retried while it raises TransientError; `what` names it.

    Raises: Download once the attempts or the time are used up; whatever else `work` raises.
    """
    wait_s = 0.0
    try:
        for attempt in retries.attempts(
            what,
            TransientError,
            attempts=attempts,
            timeout=deadline.left(),
            wait_initial=0.2,
            wait_max=10.0,
        ):
            with attempt:
                if wait_s:
                    deadline.wait(wait_s)
                deadline.left()
                try:
                    return work()
                except TransientError as error:
                    wait_s = error.wait_s
                    raise
    except TransientError as error:
        raise Download(str(error)) from error
    raise AssertionError("attempts end with a result or an exception")  # pragma: no cover


def save(chunks: Iterator[bytes], target: Path, max_bytes: int, deadline: Deadline) -> int:
    """Write `chunks` to ``<target>.part``, then rename it. Returns the number of bytes.

    Raises: TooLarge at the first byte over `max_bytes`; Download when the time is over.
    """
    part = target.with_name(f"{target.name}.part")
    size = 0
    try:
        with part.open("wb") as file:
            for chunk in chunks:
                deadline.left()
                size += len(chunk)
                check_size(size, max_bytes)
                file.write(chunk)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return size


def check_size(size: int, max_bytes: int) -> None:
    """Raises: TooLarge if `size` is over the limit."""
    if size > max_bytes:
        raise TooLarge(f"{size:,} bytes or more; the limit is {max_bytes:,}")
