"""The objects of an output as a gallery lists them: their last outcome, and all that led to it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

import msgspec

from worker.core import keys
from worker.export.base import Finished
from worker.ledger import Outcome, folded, read_shards
from worker.stores.base import Store

LINES: Final = 60
LINE: Final = 400
"""Lines of a log that a page shows, and their characters."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An object: its outcome, and its outcomes in order of time."""

    outcome: Outcome
    history: tuple[Outcome, ...]

    @property
    def uid(self) -> str:
        """The object's uid."""
        return self.outcome.uid

    @property
    def finished(self) -> Finished:
        """What `Source.open` takes."""
        return msgspec.convert(msgspec.to_builtins(self.outcome), Finished)


def listed(store: Store) -> Iterator[Listed]:
    """Every object of the ledger once, by shard and uid; memory holds one shard.

    Raises: StoreError.
    """
    seen: set[bytes] = set()
    for _, parts in read_shards(store, Outcome):
        last = folded(parts)
        history: dict[str, list[Outcome]] = {}
        for line in chain.from_iterable(parts):
            history.setdefault(line.uid, []).append(line)
        for uid in sorted(last):
            # A uid becomes a file name; a model found in a repository may be in several shards.
            if not keys.UID_PATTERN.fullmatch(uid) or (short := _short(uid)) in seen:
                continue
            seen.add(short)
            lines = sorted(history[uid], key=lambda line: line.time)
            yield Listed(outcome=last[uid], history=tuple(lines))


def _short(uid: str) -> bytes:
    return bytes.fromhex(uid.replace("-", ""))


def attempt(line: Outcome) -> dict[str, Any]:
    """One line of an object's history, for its page."""
    fields = {
        "time": line.time, "outcome": line.outcome, "code": line.code, "step": line.step,
        "message": line.message, "attempt": line.attempt, "seconds": line.seconds or None,
        "worker": line.worker, "rank": f"{line.rank} of {line.world}", "blender": line.blender,
        "device": line.device, "shard": line.shard, "size": line.size,
        "log": [text[:LINE] for text in line.log_tail[-LINES:]] or None,
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None and value != ""}
