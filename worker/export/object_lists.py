"""Files that list the objects of a data set, for readers that take no folder for a list.

Every worker writes such a file again when its share is done, from the ledger of all workers. It is
complete once the last worker has ended, and it can always be made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final

import msgspec

from worker.core import keys
from worker.ledger import LedgerLine, folded, read_shards
from worker.stores.base import Store


class ObjectList(msgspec.Struct, frozen=True):
    """A file that lists objects."""

    key: str
    contents: Callable[[list[str]], bytes]
    """From the uids of the exported objects, sorted, to the file's contents."""
    media_type: str


def _valid_paths(uids: list[str]) -> bytes:
    return json.dumps(uids, indent=0).encode() + b"\n"


OBJECT_LISTS: Final = {"zero123": ObjectList(keys.VALID_PATHS, _valid_paths, "application/json")}
"""Export kind to its list."""


def write(kind: str, target: Store) -> None:
    """Write the list of an export kind that has one. Raises: StoreError.

    This worker's ledger must be written. If others write theirs at the same time, the list is
    written again, so the last one that is written has every object.
    """
    wanted = OBJECT_LISTS.get(kind)
    if wanted is None:
        return
    listed = None
    while (found := _exported(target)) != listed:
        target.replace(wanted.key, wanted.contents(found), wanted.media_type)
        listed = found


def _exported(target: Store) -> list[str]:
    done = []
    for _, parts in read_shards(target, LedgerLine):
        done += [uid for uid, line in folded(parts).items() if line.done]
    return sorted(done)
