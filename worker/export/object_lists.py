"""Files that list the objects of a data set, for readers that take no folder for a list.

Every worker writes such a file again when its share is done, from the ledger of all workers. It is
complete once the last worker has ended, and it can always be made again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from worker.core import keys
from worker.ledger import LedgerLine, folded, read_shards
from worker.stores.base import Store


class ListedObject(LedgerLine, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of an exported object's line that lists need."""

    file_identifier: str = ""
    folder: str = ""


class ObjectList(msgspec.Struct, frozen=True):
    """A file that lists objects."""

    key: str
    contents: Callable[[list[ListedObject], Any], bytes]
    """From the exported objects, by uid, and the export kind with its options to the contents."""
    media_type: str


def _valid_paths(objects: list[ListedObject], _: Any) -> bytes:
    return json.dumps([found.uid for found in objects], indent=0).encode() + b"\n"


def _trellis(objects: list[ListedObject], export: Any) -> bytes:
    """The columns that build_metadata.py, voxelize.py and the data sets read; one row per file.

    local_path is read by TRELLIS's own loops over objects, and has to exist. captions is empty.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(
        ("sha256", "file_identifier", "local_path", "captions", "rendered", "cond_rendered")
    )
    named = {PurePosixPath(found.folder).name: found for found in reversed(objects)}
    for sha256 in sorted(named):
        mesh = f"{keys.trellis_folder(sha256)}/{keys.MESH_PLY}"
        rows.writerow(
            (sha256, named[sha256].file_identifier, mesh, "", True, export.cond is not None)
        )
    return text.getvalue().encode()


OBJECT_LISTS: Final = {
    "zero123": ObjectList(keys.VALID_PATHS, _valid_paths, "application/json"),
    "trellis": ObjectList(keys.TRELLIS_OBJECTS, _trellis, "text/csv"),
}
"""Export kind to its list."""


def write(kind: str, target: Store, export: Any) -> None:
    """Write the list of an export kind that has one. Raises: StoreError.

    This worker's ledger must be written. If others write theirs at the same time, the list is
    written again, so the last one that is written has every object.
    """
    wanted = OBJECT_LISTS.get(kind)
    if wanted is None:
        return
    listed = None
    while (found := wanted.contents(_exported(target), export)) != listed:
        target.replace(wanted.key, found, wanted.media_type)
        listed = found


def _exported(target: Store) -> list[ListedObject]:
    done: list[ListedObject] = []
    for _, parts in read_shards(target, ListedObject):
        done += [line for line in folded(parts).values() if line.done]
    return sorted(done, key=lambda line: line.uid)
