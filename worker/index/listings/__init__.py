"""List formats: one file each, and the table that finds the one for a list.

A new format is one file with a `read` and one line here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from worker.core.errors import IndexInvalid, UsageError
from worker.core.formats import is_model
from worker.index.listings import folder, json, jsonl, objaverse, parquet, shapenet, table, text
from worker.index.listings.base import ListKind

AUTO: Final = "auto"
LIST_KINDS: Final = {
    "folder": ListKind(folder.read, folder=True),
    "shapenet": ListKind(shapenet.read, folder=True),
    "json": ListKind(json.read, ("json",)),
    "jsonl": ListKind(jsonl.read, ("jsonl", "ndjson")),
    "parquet": ListKind(parquet.read, ("parquet",)),
    "csv": ListKind(table.read, ("csv", "tsv")),
    "text": ListKind(text.read, ("txt", "list", "lst")),
    "objaverse": ListKind(objaverse.read),
}
_BY_SUFFIX: Final = {suffix: kind for kind, row in LIST_KINDS.items() for suffix in row.suffixes}


def find(path: Path, name: str, kind: str = AUTO) -> ListKind:
    """The format of the list at `path`, whose own name is `name`; `kind` forces one of KINDS.

    Raises: UsageError for an unknown kind, IndexInvalid for a list it cannot be.
    """
    if kind not in (AUTO, *LIST_KINDS):
        raise UsageError(f"{kind!r} is no kind of list; known: {', '.join((AUTO, *LIST_KINDS))}")
    is_folder = path.is_dir()
    if kind == AUTO:
        kind = _of_folder(path) if is_folder else _of_file(name)
    row = LIST_KINDS[kind]
    if row.folder != is_folder:
        raise IndexInvalid(f"{name}: is a {'folder' if is_folder else 'file'}, not a list ({kind})")
    return row


def _of_folder(path: Path) -> str:
    return "shapenet" if shapenet.looks_like(path) else "folder"


def _of_file(name: str) -> str:
    suffix = name.lower().removesuffix(".gz").rpartition(".")[2]
    if kind := _BY_SUFFIX.get(suffix):
        return kind
    if is_model(name):
        raise IndexInvalid(f"{name}: is a model, not a list: give its folder, or a list naming it")
    raise IndexInvalid(f"{name}: unknown kind of list; known suffixes: {', '.join(_BY_SUFFIX)}")
