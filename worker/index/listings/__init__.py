"""List formats: one module each, and the table that selects one.

To add a format, add a module with a `read` function and a row to LIST_KINDS.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from worker.core.errors import IndexInvalid, UsageError
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
    """The format of the list `name`, whose contents are at `path`; `kind` may select it.

    Raises: UsageError, for an unknown kind; IndexInvalid, if the list cannot be of that kind.
    """
    if kind not in (AUTO, *LIST_KINDS):
        raise UsageError(f"{kind!r} is not a kind of list; known: {', '.join((AUTO, *LIST_KINDS))}")
    is_folder = path.is_dir()
    if kind == AUTO:
        kind = _of_folder(path) if is_folder else _of_file(name)
    row = LIST_KINDS[kind]
    if row.folder != is_folder:
        raise IndexInvalid(
            f"{name}: is a {'folder' if is_folder else 'file'}, "
            f"but a list of kind {kind} is a {'folder' if row.folder else 'file'}"
        )
    return row


def _of_folder(path: Path) -> str:
    return "shapenet" if shapenet.looks_like(path) else "folder"


def _of_file(name: str) -> str:
    suffix = name.lower().removesuffix(".gz").rpartition(".")[2]
    if kind := _BY_SUFFIX.get(suffix):
        return kind
    known = ", ".join(_BY_SUFFIX)
    raise IndexInvalid(f"{name}: unknown kind of list; known suffixes: {known}, or a model's")
