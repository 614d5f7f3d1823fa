"""A folder of models: all files below it with the suffix of a model format or ".zip"."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import structlog

from worker.core import keys
from worker.core.errors import IndexInvalid
from worker.core.formats import MODEL_SUFFIXES, suffix_of
from worker.core.json_errors import NOT_JSON
from worker.index.listings.base import Records
from worker.index.record import ObjectRef

log = structlog.get_logger(__name__)

ROOT: Final = "."
"""The folder given as the input is the root of all models in it."""
OBJECT_SUFFIXES: Final = MODEL_SUFFIXES | {"zip"}
_MADE: Final = {
    keys.JOB: (keys.JOB_FORMAT, (keys.RENDERS,)),
    keys.FETCH: (keys.FETCH_FORMAT, (keys.DOWNLOADS,)),
    keys.EXPORT: (keys.EXPORT_FORMAT, (keys.PLY, keys.PLY_BINARY)),
}
"""Manifest name to its format field, and the folders next to it whose files look like models."""


class _Head(msgspec.Struct, frozen=True):
    format: str = ""


def read(path: Path, name: str) -> Records:
    """One record per model, sorted by POSIX path relative to `path`.

    Skips hidden files and folders, and the zips and point clouds of the worker's own outputs and
    data sets. Symlinks to folders, and symlinks that point outside their own folder, are skipped
    with a warning, because an object may read only its own files.
    """
    skipped: list[str] = []
    real = path.resolve()
    for below, entry in _files(path, name):
        relative = below + entry.name
        linked = is_folder(entry)
        if not linked and suffix_of(relative) not in OBJECT_SUFFIXES:
            continue
        reason = "is a link to a folder" if linked else _unusable(entry, relative, real)
        if reason:
            skipped.append(f"{relative!r} {reason}")
            continue
        yield f"{name}: {relative}", ObjectRef(file_identifier=relative, path=relative, root=ROOT)
    if skipped:
        log.warning("models left out of the list", list=name, count=len(skipped), e_g=skipped[:3])


def entries(folder: Path, name: str) -> list[os.DirEntry[str]]:
    """The entries of a folder that are not hidden, in path order. Raises: IndexInvalid."""
    try:
        with os.scandir(folder) as found:
            seen = [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        raise IndexInvalid(f"{name}: {folder}: {error.strerror}") from error
    # Folders are sorted with their slash ("a/" after "a-b"), so that all paths come out sorted.
    return sorted(seen, key=lambda e: e.name + "/" * e.is_dir(follow_symlinks=False))


def _files(top: Path, name: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All entries below `top` that are not folders, each with its folder: "" or "a/b/"."""
    # A stack instead of recursion, because trees may be deeper than Python's recursion limit.
    open_folders = [("", iter(_foreign(entries(top, name))))]
    while open_folders:
        below, found = open_folders[-1]
        entry = next(found, None)
        if entry is None:
            open_folders.pop()
        elif entry.is_dir(follow_symlinks=False):
            below = f"{below}{entry.name}/"
            open_folders.append((below, iter(_foreign(entries(top / below, name)))))
        else:
            yield below, entry


def _foreign(found: list[os.DirEntry[str]]) -> list[os.DirEntry[str]]:
    """The entries that no run or export made, so that an output in the folder changes no list."""
    ours: set[str] = set()
    for entry in found:
        mark, folders = _MADE.get(entry.name, ("", ()))
        if folders and is_file(entry) and _has_format(entry.path, mark):
            ours.update(folders)
    return [entry for entry in found if f"{entry.name}/" not in ours]


def _has_format(path: str, mark: str) -> bool:
    """Whether a file is JSON whose format field is `mark`."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=_Head).format == mark
    except (OSError, *NOT_JSON):
        return False


def is_file(entry: os.DirEntry[str]) -> bool:
    """Whether the entry is a file or a symlink to one; False for a circular symlink."""
    try:
        return entry.is_file()
    except OSError:
        return False


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether the entry is a folder or a symlink to one."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _unusable(entry: os.DirEntry[str], relative: str, root: Path) -> str:
    """Why the model at `relative` below the resolved `root` cannot be listed, or ""."""
    if not _is_utf8(relative):
        return "has a name that is not UTF-8"
    if not is_file(entry):
        return "is a dangling link" if entry.is_symlink() else "is not a file"
    if entry.is_symlink() and leads_out(Path(entry.path), (root / relative).parent):
        return "is a link to a file outside its folder"
    return ""


def leads_out(file: Path, folder: Path) -> bool:
    """Whether `file`, with symlinks followed, is outside the resolved `folder`."""
    return not file.resolve().is_relative_to(folder)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
