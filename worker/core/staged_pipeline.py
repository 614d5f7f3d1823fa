"""Steps that run at the same time on different items, joined by bounded queues.

A `StagedPipeline` is a row of stages. Each stage has its own threads, takes from the stage before
it and waits when the queue behind it is full, so that a slow stage slows the ones before it instead
of piling up memory. An item's failure leaves the pipeline at once; any other exception ends it.
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


class BoundedQueue(Generic[T]):
    """A bounded queue that can end: iterating it stops once it is closed and empty."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._cancelled = False

    def put(self, item: T) -> None:
        """Append `item`, waiting for room. Raises: Cancelled."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._items) < self._room or self._cancelled)
            if self._cancelled:
                raise Cancelled
            self._items.append(item)
            self._changed.notify_all()

    def close(self) -> None:
        """No more items will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """Drop everything and wake everyone."""
        with self._changed:
            self._cancelled = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Take items until the end; any number of threads may iterate at once."""
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
    """A row of stages over one stream of items."""

    def __init__(self, on_abort: Callable[[], None]) -> None:
        self._on_abort = on_abort
        self._threads: list[threading.Thread] = []
        self._queues: list[BoundedQueue[object]] = []
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

        At most `room` results wait in the returned queue. An ObjectError goes to `failed`
        together with its item; any other exception aborts the pipeline.
        """
        out: BoundedQueue[Out] = self.queue(room)
        left = [workers]

        def body() -> None:
            try:
                for item in source:
                    try:
                        result = work(item)
                    except ObjectError as error:
                        failed(item, error)
                    else:
                        out.put(result)
            except Cancelled:
                pass
            except BaseException as error:  # noqa: BLE001 - whatever ends a thread ends all
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
        """A queue filled by iterating `items()` in a thread of its own."""
        out: BoundedQueue[T] = self.queue(room)

        def body() -> None:
            try:
                for item in items():
                    out.put(item)
            except Cancelled:
                pass
            except BaseException as error:  # noqa: BLE001 - whatever ends a thread ends all
                self.abort(error)
            finally:
                out.close()

        self._start("feed", body)
        return out

    def queue(self, room: int) -> BoundedQueue[T]:
        """A bounded queue that is cancelled with the pipeline."""
        queue: BoundedQueue[T] = BoundedQueue(room)
        self._queues.append(queue)  # type: ignore[arg-type]  # only ever cancelled
        return queue

    def abort(self, error: BaseException) -> None:
        """End the pipeline; `join` raises the first error given here."""
        with self._lock:
            if self._error is not None:
                return
            self._error = error
        self._on_abort()
        for queue in self._queues:
            queue.cancel()

    def drain(self, last: BoundedQueue[T], sink: Callable[[T], None]) -> None:
        """Take every result of the last stage in this thread, then raise what ended the row."""
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
        # The thread's log lines carry what is bound here: the rank.
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(body,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
