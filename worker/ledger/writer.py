"""Writes the ledger: collects outcomes and stores them in parts that never change."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from types import TracebackType
from typing import Final, Self

import msgspec
import structlog

from worker.contract.escaping import printable_json
from worker.core import keys, retries
from worker.core.errors import StoreError
from worker.core.failpoints import Failpoint, reach
from worker.core.ranks import Rank
from worker.ledger.compaction import Compactor
from worker.ledger.outcome import Author, Outcome
from worker.ledger.overlaps import OverlapWatch
from worker.stores.base import Store

log = structlog.get_logger(__name__)

FLUSH_COUNT = 200
FLUSH_S: Final = 60.0
FLUSH_SHARE: Final = 1 / 20
LONGEST_S: Final = 600.0
"""Outcomes are written after FLUSH_S, or, as a run goes on, FLUSH_SHARE of its time until then, up
to LONGEST_S: so many parts fewer, and never more to do again after a kill than that share."""


class LedgerWriter:
    """Collects outcomes, and writes a part for every `flush_count` of them or `flush_s` seconds.

    The time grows as a run goes on (see FLUSH_SHARE). Parts of a shard of which a flush brings no
    outcome are joined, and at the end those of all shards (see `worker.ledger.compaction`).

    Thread-safe. As a context manager, it writes the rest on exit. A part that could not be written
    is kept and written again with the next one. Its bytes never change, because it may be in the
    store even though the response was lost.
    """

    def __init__(
        self,
        store: Store,
        rank: Rank,
        blender: str,
        device: str,
        *,
        children_per_device: int = 1,
        flush_count: int | None = None,
        flush_s: float = FLUSH_S,
        watch: OverlapWatch | None = None,
    ) -> None:
        """`watch` is told each part that is in the store."""
        self.author = Author.of(rank, blender, device, children_per_device)
        self._store = store
        self._watch = watch
        self._flush_count = FLUSH_COUNT if flush_count is None else flush_count
        self._flush_s = flush_s
        self._encoder = msgspec.json.Encoder()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._open: dict[str, list[bytes]] = {}
        self._open_count = 0
        self._sealed = False
        self._sequence = 0
        self._unwritten: deque[tuple[str, int, bytes]] = deque()
        self._compactor = Compactor(store, self.author.worker)
        self._begin = time.monotonic()
        self._closed = threading.Event()
        self._timer = threading.Thread(target=self._flush_in_time, name="ledger", daemon=True)
        self._timer.start()

    def add(self, outcome: Outcome) -> None:
        """Add an outcome; writes a part if there are enough.

        A failed write is repeated later if `Store.check` then succeeds.

        Raises: StoreError, if the store is unusable.
        """
        line = printable_json(self._encoder.encode(outcome).decode()).encode() + b"\n"
        with self._lock:
            if self._sealed:
                return
            self._open.setdefault(outcome.shard, []).append(line)
            self._open_count += 1
            full = self._open_count >= self._flush_count
        if full:
            self.try_flush()

    def try_flush(self) -> None:
        """Write all outcomes, or later, if a write fails and `Store.check` then succeeds.

        Raises: StoreError, if the store is unusable.
        """
        try:
            self.flush()
        except StoreError as error:
            self._store.check()
            log.warning("cannot write the ledger, retrying later", why=str(error))

    def flush(self) -> None:
        """Write all outcomes. Raises: StoreError; no outcome is lost then, call `flush` again."""
        with self._writing:
            with self._lock:
                for shard, lines in self._open.items():
                    self._unwritten.append((shard, self._sequence, b"".join(lines)))
                    self._sequence += 1
                self._open = {}
                self._open_count = 0
            shards = {shard for shard, _, _ in self._unwritten}
            while self._unwritten:
                shard, number, body = self._unwritten[0]
                key = keys.ledger_part(shard, self.author.worker, number)
                reach(Failpoint.PART_BEFORE)
                if not self._store.create(key, body):
                    raise StoreError(
                        f"{self._store.uri}: {key} already exists with other contents; "
                        "make sure that nothing else writes there, and run again"
                    )
                reach(Failpoint.PART_AFTER)
                self._unwritten.popleft()
                self._compactor.written(shard, number, body)
                if self._watch is not None:
                    self._watch.wrote(key, body)
            if self._watch is not None and not self._sealed:
                self._watch.look()
            if shards:
                self._compactor.finish_all_but(shards)

    def last_words(self, seconds: float) -> None:
        """Accept no more outcomes and write those added; gives up after `seconds` or an error.

        For a worker that must end at once: errors that its threads still meet are not outcomes.
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
        """Write the rest, with retries, and stop the timer. Raises: StoreError."""
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
        with self._writing:
            self._compactor.finish_all_but()

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
            # The exception that ended the run is more important than this one.
            log.warning("cannot write the last outcomes to the ledger", why=str(error))

    def _flush_in_time(self) -> None:
        while not self._closed.wait(pause_s(self._flush_s, time.monotonic() - self._begin)):
            try:
                self.flush()
            except StoreError as error:
                log.warning("cannot write the ledger, retrying later", why=str(error))


def pause_s(first_s: float, age_s: float) -> float:
    """Seconds from one flush to the next, of a run that began `age_s` ago; see FLUSH_SHARE."""
    return max(first_s, min(LONGEST_S, FLUSH_SHARE * age_s))
