"""The ledger that a run of millions of objects leaves, made shard by shard when it is asked for.

A worker wrote a part for every 200 objects, joined them, and stored a summary. Three of four shards
were begun by a worker that was killed after its first part. All bytes are those that
`worker.ledger` writes (tests/unit/test_far_ledger.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from bench.lines import PHASH, RENDERED, SHARD, TIME, UID
from worker.core import keys
from worker.ledger import Extreme, Minute, ShardSummary, StatusLine
from worker.ledger.listing import current
from worker.ledger.summaries import encoded, summary_key
from worker.ledger.summary import HASH, KEPT, summary_of
from worker.ledger.writer import FLUSH_COUNT

MIXED: Final = 0x9E3779B97F4A7C15
"""An odd factor, so that all perceptual hashes differ."""
KILLED: Final = "r000000-20260101T000000Z-00000000"
"""The worker that began a shard, if it has two."""
WRITER: Final = "r000000-20260101T000000Z-00000001"
"""The one that finished it."""
ONE_WRITER: Final = 4
"""One of so many shards has one writer."""
A_MINUTE: Final = 50
"""Objects that a shard's worker renders in a minute."""
SHARDS_OF_RANK: Final = 20
_BEGIN: Final = datetime.fromisoformat(TIME.decode())


class FarLedger:
    """The keys of the ledger and its summaries, and their bodies."""

    def __init__(self, per_shard: int) -> None:
        self._per_shard = per_shard
        self._lines = np.frombuffer(RENDERED * per_shard, np.uint8).reshape(per_shard, -1)

    def sizes(self, shard: str) -> dict[str, int]:
        """Size in bytes by key of all that there is of a shard."""
        parts = {key: len(part) * len(RENDERED) for key, part in self._parts(shard).items()}
        summary = summary_key(shard, self._current(shard))
        return {**parts, summary: len(self.summary(shard))}

    def body(self, key: str) -> bytes:
        """The bytes of one of these keys."""
        shard = keys.shard_of_part(key.removeprefix(keys.SUMMARIES))
        if key.startswith(keys.SUMMARIES):
            return self.summary(shard)
        wanted = self._parts(shard)[key]
        return self.lines(shard)[wanted.start * len(RENDERED) : wanted.stop * len(RENDERED)]

    def lines(self, shard: str) -> bytes:
        """All lines of a shard."""
        lines = self._lines.copy()
        numbers = self._numbers(shard).tolist()
        uids = [_uid(number).encode() for number in numbers]
        hashes = [b"%016x" % (number * MIXED % (1 << 64)) for number in numbers]
        times = [self._time(shard, number).encode() for number in range(self._per_shard)]
        shards = [shard.encode()] * self._per_shard
        for text, values in ((UID, uids), (PHASH, hashes), (TIME, times), (SHARD, shards)):
            place = RENDERED.index(b'"%s"' % text) + 1
            lines[:, place : place + len(text)] = np.frombuffer(b"".join(values), np.uint8).reshape(
                self._per_shard, -1
            )
        return lines.tobytes()

    def summary(self, shard: str) -> bytes:
        """The summary of a shard, from that of shard 0, because to make it takes milliseconds."""
        numbers = self._numbers(shard)
        uids = [_uid(number) for number in numbers[:KEPT].tolist()]
        heads = numbers.astype(np.uint64) << np.uint64(32) | np.uint64(0x4000)
        summary = msgspec.structs.replace(
            self._first,
            minutes=tuple(
                Minute(
                    self._time(shard, first),
                    self._time(shard, min(first + A_MINUTE, self._per_shard) - 1),
                    each.first_s, each.ended,
                )
                for first, each in zip(
                    range(0, self._per_shard, A_MINUTE), self._first.minutes, strict=True
                )
            ),
            **{
                name: tuple(
                    Extreme(each.value, uid, each.name)
                    for each, uid in zip(getattr(self._first, name), uids, strict=False)
                )
                for name in ("least_seen", "slowest")
            },
            phashes=(numbers.astype(np.uint64) * np.uint64(MIXED)).astype(HASH).tobytes(),
            others=heads.astype(">u8").tobytes(),
        )  # fmt: skip
        return encoded(self._current(shard), summary)

    @cached_property
    def _first(self) -> ShardSummary:
        lines = self.lines(keys.shard_name(0))
        return summary_of([msgspec.json.Decoder(StatusLine).decode_lines(lines)])

    def _parts(self, shard: str) -> dict[str, range]:
        """The numbers of the lines in each part, by its key."""
        firsts = range(0, self._per_shard, FLUSH_COUNT)
        cut = [range(first, min(first + FLUSH_COUNT, self._per_shard)) for first in firsts]
        found = {}
        if int(shard) % ONE_WRITER:
            found[keys.ledger_part(shard, KILLED, 0)] = cut.pop(0)
        for number, part in enumerate(cut):
            found[keys.ledger_part(shard, WRITER, number)] = part
        joined = keys.compacted_part(shard, WRITER, 0, len(cut) - 1)
        found[joined] = range(cut[0].start, self._per_shard)
        return found

    def _current(self, shard: str) -> dict[str, int]:
        parts = self._parts(shard)
        return {key: len(parts[key]) * len(RENDERED) for key in current(sorted(parts))}

    def _numbers(self, shard: str) -> NDArray[np.int64]:
        return np.arange(self._per_shard) + int(shard) * self._per_shard

    def _time(self, shard: str, line: int) -> str:
        """When a line's object was done."""
        before = int(shard) % SHARDS_OF_RANK * -(-self._per_shard // A_MINUTE)
        minutes, second = divmod(line, A_MINUTE)
        at = _BEGIN + timedelta(minutes=before + minutes, seconds=second)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _uid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{number:012x}"
