"""Stages that work on different items at the same time, joined by bounded queues.

Each stage of a `StagedPipeline` has its own threads. It takes items from the previous stage, and
waits when its output queue is full. So a slow stage slows the earlier ones instead of filling
memory. An ObjectError takes its item out of the pipeline, and so does `Dropped`, without a failure;
any other exception ends the pipeline.
"""

from __future__ import annotations

import contextvars
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from worker.core.errors import ObjectError

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")


class Cancelled(Exception):
    """The pipeline was aborted while a thread waited on a queue."""


class Dropped(Exception):
    """Raised by a stage's work for an item that it did not begin: nothing becomes of the item."""


class BoundedQueue(Generic[T]):
    """A bounded queue that can be closed: iteration ends once it is closed and empty."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._cancelled = False

    @property
    def depth(self) -> int:
        """The number of items in it now."""
        return len(self._items)

    def put(self, item: T) -> None:
        """Append `item`; waits while the queue is full. Raises: Cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._room or self._cancelled)
            if self._cancelled:
                raise Cancelled
            self._items.append(item)
            self._changed.notify_all()

    def close(self) -> None:
        """Declare that no more items will be put."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """Drop all items; every waiting and later call raises Cancelled."""
        with self._changed:
            self._cancelled = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Take items until the end. Several threads may iterate at once. Raises: Cancelled."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closed or self._cancelled)
                if self._cancelled:
                    raise Cancelled
                if not self._items:
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


class StagedPipeline:
    """A sequence of stages over one stream of items.

    `on_abort` is called once, when the pipeline is aborted.
    """

    def __init__(self, on_abort: Callable[[], None]) -> None:
        self._on_abort = on_abort
        self._threads: list[threading.Thread] = []
        self._queues: list[BoundedQueue[object]] = []
        self._sources: dict[str, BoundedQueue[object]] = {}
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def stage(
        self,
        name: str,
        work: Callable[[In], Out],
        source: BoundedQueue[In],
        *,
        workers: int,
        room: int,
        failed: Callable[[In, ObjectError], None],
    ) -> BoundedQueue[Out]:
        """Run `work` on every item of `source` in `workers` threads.

        Returns the queue of results, which holds at most `room` of them. If `work` raises an
        ObjectError, `failed` is called with the item and the error. `Dropped` ends the item, any
        other exception the pipeline.
        """
        out: BoundedQueue[Out] = self.queue(room)
        self._sources[name] = source  # type: ignore[assignment]  # only ever counted
        left = [workers]

        def body() -> None:
            try:
                for item in source:
                    try:
                        result = work(item)
                    except ObjectError as error:
                        failed(item, error)
                    except Dropped:
                        continue
                    else:
                        out.put(result)
            except Cancelled:
                pass
            except BaseException as error:  # noqa: BLE001 - any exception ends the pipeline
                self.abort(error)
            finally:
                with self._lock:
                    left[0] -= 1
                    last = left[0] == 0
                if last:
                    out.close()

        for number in range(workers):
            self._start(f"{name}-{number}", body)
        return out

    def feed(self, items: Callable[[], Iterator[T]], *, room: int) -> BoundedQueue[T]:
        """A queue of at most `room` items, filled from `items()` in a separate thread."""
        out: BoundedQueue[T] = self.queue(room)

        def body() -> None:
            try:
                for item in items():
                    out.put(item)
            except Cancelled:
                pass
            except BaseException as error:  # noqa: BLE001 - any exception ends the pipeline
                self.abort(error)
            finally:
                out.close()

        self._start("feed", body)
        return out

    def queue(self, room: int) -> BoundedQueue[T]:
        """A queue of at most `room` items that is cancelled when the pipeline is aborted."""
        queue: BoundedQueue[T] = BoundedQueue(room)
        self._queues.append(queue)  # type: ignore[arg-type]  # only ever cancelled
        return queue

    def waiting(self) -> dict[str, int]:
        """The number of items that wait for each stage, by its name; `drain`'s is "record"."""
        return {name: source.depth for name, source in self._sources.items()}

    def abort(self, error: BaseException) -> None:
        """End the pipeline; `drain` raises the first error given here."""
        with self._lock:
            if self._error is not None:
                return
            self._error = error
        self._on_abort()
        for queue in self._queues:
            queue.cancel()

    def drain(self, last: BoundedQueue[T], sink: Callable[[T], None]) -> None:
        """Call `sink` with every result of the last stage, in this thread.

        Waits for all threads, then raises the error that aborted the pipeline, if any.
        """
        self._sources["record"] = last  # type: ignore[assignment]  # only ever counted
        try:
            for item in last:
                sink(item)
        except Cancelled:
            pass
        except BaseException as error:
            self.abort(error)
            raise
        finally:
            for thread in self._threads:
                thread.join()
        if self._error is not None:
            raise self._error

    def _start(self, name: str, body: Callable[[], None]) -> None:
        # The thread inherits the log context, which has the rank.
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(body,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
