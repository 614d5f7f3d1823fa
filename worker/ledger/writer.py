"""The ledger written: outcomes collected, and stored in parts that never change."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog

from worker.core import keys, retries
from worker.core.errors import StoreError
from worker.core.failpoints import Failpoint, reach
from worker.core.ranks import Rank
from worker.ledger.outcome import Author, Outcome
from worker.stores.base import Store

log = structlog.get_logger(__name__)

FLUSH_COUNT: Final = 200
FLUSH_S: Final = 60.0


class LedgerWriter:
    """Collects outcomes and writes them in parts, at `flush_count` or after `flush_s` seconds.

    Safe to use from many threads. Used as a context manager: leaving it writes the rest. A part
    that could not be written is kept, and written again with the next; its bytes never change,
    since it may stand in the store although the answer was lost.
    """

    def __init__(
        self,
        store: Store,
        rank: Rank,
        blender: str,
        device: str,
        *,
        flush_count: int = FLUSH_COUNT,
        flush_s: float = FLUSH_S,
    ) -> None:
        self.author = Author.of(rank, blender, device)
        self._store = store
        self._flush_count = flush_count
        self._flush_s = flush_s
        self._encoder = msgspec.json.Encoder()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._open: dict[str, list[bytes]] = {}
        self._open_count = 0
        self._sealed = False
        self._sequence = 0
        self._unwritten: deque[tuple[str, bytes]] = deque()
        self._closed = threading.Event()
        self._timer = threading.Thread(target=self._flush_in_time, name="ledger", daemon=True)
        self._timer.start()

    def add(self, outcome: Outcome) -> None:
        """Take an outcome; writes when enough have come.

        Raises: StoreError, if the store is unusable. A write that failed although the store
        proves usable is done again later.
        """
        line = self._encoder.encode(outcome) + b"\n"
        with self._lock:
            if self._sealed:
                return
            self._open.setdefault(outcome.shard, []).append(line)
            self._open_count += 1
            full = self._open_count >= self._flush_count
        if full:
            try:
                self.flush()
            except StoreError as error:
                self._store.check()
                log.warning("ledger: not written, trying again later", why=str(error))

    def flush(self) -> None:
        """Write all that was taken. Raises: StoreError; nothing is lost then, flush again."""
        with self._writing:
            with self._lock:
                for shard, lines in self._open.items():
                    key = keys.ledger_part(shard, self.author.worker, self._sequence)
                    self._sequence += 1
                    self._unwritten.append((key, b"".join(lines)))
                self._open = {}
                self._open_count = 0
            while self._unwritten:
                key, body = self._unwritten[0]
                reach(Failpoint.PART_BEFORE)
                if not self._store.create(key, body):
                    raise StoreError(
                        f"{self._store.uri}: {key} stands already with another content; "
                        "is another worker using this one's name?"
                    )
                reach(Failpoint.PART_AFTER)
                self._unwritten.popleft()

    def last_words(self, seconds: float) -> None:
        """Take no more, and write what was taken; given up after so long, or if refused.

        For a worker that must end: what its threads still meet is no news of their objects.
        """
        with self._lock:
            self._sealed = True

        def flush() -> None:
            with contextlib.suppress(StoreError):
                self.flush()

        writer = threading.Thread(target=flush, name="last words", daemon=True)
        writer.start()
        writer.join(seconds)

    def close(self, *, attempts: int = 3) -> None:
        """Write the rest, patiently, and end. Raises: StoreError."""
        self._closed.set()
        self._timer.join()
        # What these lines tell of is done: worth more patience than a store has by itself.
        for attempt in retries.attempts(
            "write the last outcomes to the ledger",
            StoreError,
            attempts=attempts,
            wait_initial=0.5,
            wait_max=2.0,
        ):
            with attempt:
                self.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            self.close(attempts=3 if kind is None else 1)
        except StoreError as error:
            if kind is None:
                raise
            # What ended the run says more than that its last lines could not be kept.
            log.warning("ledger: the last outcomes are not kept", why=str(error))

    def _flush_in_time(self) -> None:
        while not self._closed.wait(self._flush_s):
            try:
                self.flush()
            except StoreError as error:
                log.warning("ledger: not written, trying again later", why=str(error))
