"""The failed objects of an output or a data set, one by one. Memory is that of one shard."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from worker.core.errors import OBJECT_ERRORS, UsageError
from worker.core.formats import name_of
from worker.ledger import ALL, Outcome, folded, read_shards
from worker.stores.base import Store


class FailedObject(msgspec.Struct, frozen=True, kw_only=True):
    """One failed object; the fields are those of its last line in the ledger."""

    name: str
    uid: str
    file_identifier: str
    shard: str
    code: str
    step: str | None
    message: str
    attempt: int
    time: str


def checked(code: str) -> str:
    """Check a code of --failures. Raises: UsageError, for an unknown one."""
    known = (ALL, *OBJECT_ERRORS)
    if code not in known:
        raise UsageError(f"--failures {code}: unknown failure code; known: {', '.join(known)}")
    return code


def failures(store: Store, code: str) -> Iterator[FailedObject]:
    """The objects that failed with `code`, or all that failed, by shard and uid.

    Raises: StoreError.
    """
    for shard, parts in read_shards(store, Outcome):
        last = folded(parts)
        for uid in sorted(last):
            line = last[uid]
            if line.outcome == "failed" and code in (ALL, line.code):
                yield FailedObject(
                    name=name_of(line.file_identifier), uid=uid, shard=shard,
                    file_identifier=line.file_identifier, code=line.code or "", step=line.step,
                    message=line.message or "", attempt=line.attempt, time=line.time,
                )  # fmt: skip
