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

from worker.codecs import json_file
from worker.core import keys, scene_set_keys
from worker.core.errors import StoreError
from worker.core.json_errors import NOT_JSON, why
from worker.core.ordered_map import ordered_map
from worker.ledger import LedgerLine, folded, read_shards
from worker.stores.base import Store


class ListedObject(LedgerLine, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of an exported object's line that lists need."""

    file_identifier: str = ""
    folder: str = ""


class _AboutModel(msgspec.Struct, frozen=True):
    """What `worker.export.bop` writes beside a model."""

    obj_id: int
    info: dict[str, float]


_ABOUT_MODEL: Final = msgspec.json.Decoder(_AboutModel)  # created before any thread starts
LARGEST: Final = 1 << 20
READERS: Final = 16


class ObjectList(msgspec.Struct, frozen=True):
    """A file that lists objects."""

    key: str
    contents: Callable[[list[ListedObject], Any, Store], bytes]
    """From the exported objects, by uid, the export kind with its options, and the data set, to the
    contents. Raises: StoreError."""
    media_type: str


def _valid_paths(objects: list[ListedObject], _: Any, _target: Store) -> bytes:
    return json.dumps([found.uid for found in objects], indent=0).encode() + b"\n"


def _trellis(objects: list[ListedObject], export: Any, _target: Store) -> bytes:
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


def _bop(_: list[ListedObject], _export: Any, target: Store) -> bytes:
    """models_info.json, of what is told beside each model."""
    names = [
        entry.key for entry in target.list(scene_set_keys.BOP_MODELS) if entry.key.endswith(".json")
    ]
    names = [name for name in names if name != scene_set_keys.BOP_MODELS_INFO]
    found = ordered_map(
        lambda name: target.read(name, LARGEST), names, threads=READERS, ahead=2 * READERS,
        name="models",
    )  # fmt: skip
    try:
        told = [_ABOUT_MODEL.decode(data) for data in found if data is not None]
    except NOT_JSON as error:
        raise StoreError(
            f"{target.uri}: a file of {scene_set_keys.BOP_MODELS} is invalid: {why(error)}"
        ) from error
    return json_file.json_file({str(each.obj_id): each.info for each in told})


OBJECT_LISTS: Final = {
    "bop": ObjectList(scene_set_keys.BOP_MODELS_INFO, _bop, "application/json"),
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
    while (found := wanted.contents(_exported(target), export, target)) != listed:
        target.replace(wanted.key, found, wanted.media_type)
        listed = found


def _exported(target: Store) -> list[ListedObject]:
    done: list[ListedObject] = []
    for _, parts in read_shards(target, ListedObject):
        done += [line for line in folded(parts).values() if line.done]
    return sorted(done, key=lambda line: line.uid)
