"""Work on many items in threads, with the results in the items' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def ordered_map(
    work: Callable[[In], Out], items: Iterable[In], *, threads: int, ahead: int, name: str
) -> Iterator[Out]:
    """`work` of every item, in order, in `threads` threads called `name`.

    `items` may be endless: at most `ahead` results wait for the one that is taken next. Log lines
    of the threads carry what is bound where the results are taken. The first failure in order
    ends it, and what has not begun then is never begun.

    Raises: whatever `work` and `items` raise.
    """
    waiting: deque[Future[Out]] = deque()
    with ThreadPoolExecutor(threads, name) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(copy_context().run, work, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
