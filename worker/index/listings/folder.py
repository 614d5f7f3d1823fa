"""A folder of models: every file below it whose suffix is a model's, or ".zip"."""

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
"""The folder that was given is the root of all that lies in it."""
OBJECT_SUFFIXES: Final = MODEL_SUFFIXES | {"zip"}
_MADE: Final = {
    keys.JOB: (keys.JOB_FORMAT, (keys.RENDERS,)),
    keys.EXPORT: (keys.EXPORT_FORMAT, (keys.PLY, keys.PLY_BINARY)),
}
"""A document, what it calls itself, and the folders beside it whose files look like models."""


class _Head(msgspec.Struct, frozen=True):
    format: str = ""


def read(path: Path, name: str) -> Records:
    """A record per model, in the order of their POSIX paths below `path`.

    Hidden files and folders are left out, and the zips of an output and the clouds of a data set,
    which are ours. Links to folders, and to files that a model's own folder does not hold, are left
    out with a warning: what they lead to is not the object's to read.
    """
    left_out: list[str] = []
    real = path.resolve()
    for below, entry in _files(path, name):
        relative = below + entry.name
        linked = is_folder(entry)
        if not linked and suffix_of(relative) not in OBJECT_SUFFIXES:
            continue
        reason = "is a link to a folder" if linked else _unusable(entry, relative, real)
        if reason:
            left_out.append(f"{relative!r} {reason}")
            continue
        yield f"{name}: {relative}", ObjectRef(file_identifier=relative, path=relative, root=ROOT)
    if left_out:
        log.warning("models left out of the list", list=name, count=len(left_out), e_g=left_out[:3])


def entries(folder: Path, name: str) -> list[os.DirEntry[str]]:
    """What is in a folder and not hidden, in the order of the paths below. Raises: IndexInvalid."""
    try:
        with os.scandir(folder) as found:
            seen = [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        raise IndexInvalid(f"{name}: {folder}: {error.strerror}") from error
    # A folder sorts as its files do, "a/…" after "a-b": so all paths come out sorted.
    return sorted(seen, key=lambda e: e.name + "/" * e.is_dir(follow_symlinks=False))


def _files(top: Path, name: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Folders below `top`, each "" or with a "/" at its end, and what is in them but folders."""
    # A stack, not recursion: a tree may be deeper than Python's.
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
    """What in a folder is not ours: a list stays the same once its own output lies in it."""
    ours: set[str] = set()
    for entry in found:
        mark, folders = _MADE.get(entry.name, ("", ()))
        if folders and is_file(entry) and _says(entry.path, mark):
            ours.update(folders)
    return [entry for entry in found if f"{entry.name}/" not in ours]


def _says(path: str, mark: str) -> bool:
    """Whether a JSON document calls itself of the format `mark`."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=_Head).format == mark
    except (OSError, *NOT_JSON):
        return False


def is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a link to one; a link that leads round in a circle is neither."""
    try:
        return entry.is_file()
    except OSError:
        return False


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _unusable(entry: os.DirEntry[str], relative: str, root: Path) -> str:
    """Why a model, `relative` to the real `root`, cannot be listed, or ""."""
    if not _is_utf8(relative):
        return "has a name that is not UTF-8"
    if not is_file(entry):
        return "is a link that leads nowhere" if entry.is_symlink() else "is no file"
    if entry.is_symlink() and leads_out(Path(entry.path), (root / relative).parent):
        return "is a link that leads out of its folder"
    return ""


def leads_out(file: Path, folder: Path) -> bool:
    """Whether a file is, links followed, not below the real `folder`."""
    return not file.resolve().is_relative_to(folder)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
