"""Prepares a model whose references to other files must be corrected before the import.

If a model, or a file it references, names a file that is elsewhere in the object's folder, the
folder is recreated in scratch. It has rewritten copies of the files with wrong names, and symlinks
to all others. The object's own files are never changed.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path, PurePosixPath
from typing import Any, Dict, Iterable, List, Optional, Set

from worker.blender.faults import ObjectFault
from worker.blender.importing import crates
from worker.blender.importing.finding import (
    is_lfs_pointer,
    may_be_same,
    spellings,
)
from worker.blender.importing.naming import NAMINGS, Rename
from worker.blender.importing.paths import Root
from worker.blender.importing.repairs import repaired
from worker.contract import git_lfs
from worker.contract.escaping import escaped

MOST_BYTES = 1 << 28
"""Size in bytes of the largest file whose names are rewritten."""
MOST_READ = 500
"""Most files that are searched for names, for one model."""
WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
ASCII_FORMATS = frozenset({"obj", "mtl", "stl", "ply", "off", "usda", "gltf"})
BUFFERED = frozenset({"gltf", "glb"})
"""Formats that cannot be imported without the buffers they name."""
PICTURES = frozenset({"png", "jpg", "jpeg", "webp", "ktx2"})
LFS_POINTER = (
    "Git LFS pointer, not the content: fetch it with 'git lfs pull' where the list was made"
)


@dataclasses.dataclass
class Staged:
    """The root to import from, and the state of the files that the model names.

    found: name as written to path below the root, of files that were elsewhere.
    missing: names of files that were not found.
    undecodable: names of files that exist and cannot be decoded, and why, or what to do.
    """

    root: Root
    found: Dict[str, str] = dataclasses.field(default_factory=dict)
    missing: Set[str] = dataclasses.field(default_factory=set)
    undecodable: Dict[str, str] = dataclasses.field(default_factory=dict)
    lost: Dict[str, Any] = dataclasses.field(default_factory=dict)
    """For the metadata: what the file contains and the render does not show."""

    def miss(self, names: Iterable[str]) -> None:
        """Add files that Blender misses, by path below the root, unless the model named them.

        Importers rewrite names: the model may have another spelling, or more of the path.
        """
        written = frozenset(self.missing)
        folder = self.root.name(os.path.dirname(self.root.model))  # noqa: PTH120
        for name in names:
            said = name.removeprefix(f"{folder}/")
            if not any(may_be_same(said, known) for known in written):
                self.missing.add(name)

    def facts(self) -> Dict[str, Any]:
        """For the metadata: files found elsewhere, not found, not decoded, and what is lost."""
        others = {
            name: self.root.name(path)
            for name in sorted(self.missing)
            for said, path in self.root.index.not_taken.items()
            if may_be_same(name, escaped(said))  # Blender makes names absolute
        }
        return {
            "found_files": dict(sorted(self.found.items())),
            "missing_files": sorted(self.missing),
            "undecodable_files": dict(sorted(self.undecodable.items())),
            **({"not_taken_files": others} if others else {}),
            **self.lost,
        }


def stage(root: Root, suffix: str, scratch: str) -> Staged:
    """Recreate the object in the folder `scratch`, which is created, if names must be rewritten.

    Raises: ObjectFault("import") if the model is a Git LFS pointer or an OBJ or MTL in UTF-16.
    """
    if is_lfs_pointer(root.model):
        raise ObjectFault(
            "import",
            f"the file is a {LFS_POINTER}",
        )
    staged = Staged(root)
    texts = _Reader(root, staged).read(suffix)
    if texts:
        _lay_out(root, texts, scratch)
        staged.root = root.at(scratch)
    return staged


class _Reader:
    """Rewrites the names in a model and in the files it references."""

    def __init__(self, root: Root, staged: Staged) -> None:
        self._root = root
        self._staged = staged
        self._index = root.index
        self._missing: Dict[str, str] = {}
        """The first name of each missing file, by its path in lower case."""

    def read(self, suffix: str) -> Dict[str, bytes]:
        """The new content of each file that must change, keyed by its path below the root."""
        changed: Dict[str, bytes] = {}
        waiting, seen = [(self._root.model, suffix)], {self._root.model}
        library = os.path.splitext(self._root.model)[0] + ".mtl"  # noqa: PTH122 - takes any name
        if suffix == "obj" and self._root.is_own_file(library):  # Blender reads it without mtllib
            seen.add(library)
            waiting.append((library, "mtl"))
        while waiting and len(seen) <= MOST_READ:
            path, kind = waiting.pop()
            if is_lfs_pointer(path):
                self._staged.undecodable[escaped(self._root.name(path))] = git_lfs.REMEDY
                continue
            naming = NAMINGS.get(kind)
            if naming is None or not _is_text(path, kind):
                continue
            named: List[str] = []
            text = Path(path).read_bytes()
            rename = self._renamer(path, kind, named)
            new = self._rewritten(path, kind, text, rename)
            if new != text:
                changed[os.path.relpath(path, self._root.path)] = new
            for found in named:
                ending = PurePosixPath(found).suffix.lower().lstrip(".")
                if ending in naming.leads_to and found not in seen:
                    seen.add(found)
                    waiting.append((found, ending))
        return changed

    def _rewritten(self, path: str, kind: str, text: bytes, rename: Rename) -> bytes:
        naming = NAMINGS[kind]
        if naming is not NAMINGS["usd"] or not (crates.is_crate(text) or crates.is_package(text)):
            return naming.rewrite(repaired(text, kind), rename)
        if crates.is_package(text):
            return crates.rewrite_package(path, functools.partial(self._edit, path)) or text
        folder = os.path.dirname(path)  # noqa: PTH120
        return crates.rewrite(text, rename, lambda name: _exists(folder, name))

    def _edit(self, package: str, folder: str, model: str) -> Dict[str, bytes]:
        """Rewrite the files of a package that is unpacked in `folder`."""
        inside = Staged(Root(folder, model))
        changed = _Reader(inside.root, inside).read(PurePosixPath(model).suffix.lower().lstrip("."))
        home = escaped(self._root.name(package))
        self._staged.missing |= inside.missing
        for name, why in inside.undecodable.items():
            self._staged.undecodable[f"{home}[{name}]"] = why
        for said, name in inside.found.items():
            self._staged.found[said] = f"{home}[{name}]"
        return changed

    def _renamer(self, path: str, kind: str, named: List[str]) -> Rename:
        """The function that rewrites names in the file at `path`, of format `kind`.

        It adds the file that each name refers to to `named`.
        """
        folder = os.path.dirname(path)  # noqa: PTH120

        def rename(name: str) -> Optional[str]:
            try:
                exists = _exists(folder, name)
                found = self._index.find(name, folder)
                outside = exists and found is None and self._is_outside(folder, name)
            except ValueError:  # not a valid file name
                return None
            is_buffer = found is not None and kind in BUFFERED and not _is_picture(found)
            if found is not None and is_buffer and is_lfs_pointer(found):
                raise ObjectFault("import", f"{escaped(name)} is a {LFS_POINTER}")
            if found is not None:
                named.append(found)
            if outside:  # no importer can read it, and some then drop its name
                self._staged.missing.add(escaped(PurePosixPath(name).name))
            if exists:  # even outside the root: what must not be there, `Root.check` rejects
                return None
            if found is None:
                place = os.path.normpath(os.path.join(folder, spellings(name)[-1]))  # noqa: PTH118
                self._missing.setdefault(place.casefold(), name)
                self._staged.missing.add(escaped(self._missing[place.casefold()]))
                return None
            self._staged.found[escaped(name)] = self._root.name(found)
            return os.path.relpath(found, folder)

        return rename

    def _is_outside(self, folder: str, name: str) -> bool:
        path = os.path.join(folder, name)  # noqa: PTH118 - takes any name
        return os.path.isfile(path) and not self._root.holds(path)  # noqa: PTH113


def _exists(folder: str, name: str) -> bool:
    return os.path.exists(os.path.join(folder, name))  # noqa: PTH110, PTH118 - takes any name


def _is_picture(path: str) -> bool:
    return PurePosixPath(path).suffix.lower().lstrip(".") in PICTURES


def _is_text(path: str, kind: str) -> bool:
    try:
        size = os.path.getsize(path)  # noqa: PTH202
        with Path(path).open("rb") as file:
            start = file.read(2)
    except OSError:
        return False
    if kind in ASCII_FORMATS and start in WIDE_MARKS:
        raise ObjectFault(
            "import", f"the .{kind} is in UTF-16, which no importer reads: save it as UTF-8"
        )
    return 0 < size <= MOST_BYTES


def _lay_out(root: Root, texts: Dict[str, bytes], scratch: str) -> None:
    """Recreate `root` in `scratch` with `texts` in place of the originals, and symlinks.

    Folders that contain one of `texts` are real, with a symlink for each other entry.
    """
    folders = {""}
    for relative in texts:
        folders.update(str(parent) for parent in PurePosixPath(relative).parents)
    folders = {"" if folder == "." else folder for folder in folders}
    for folder in sorted(folders):
        here = Path(scratch, folder)
        here.mkdir()
        with os.scandir(Path(root.path, folder)) as entries:
            for entry in entries:
                below = f"{folder}/{entry.name}" if folder else entry.name
                if below not in texts and below not in folders:
                    (here / entry.name).symlink_to(entry.path)
    for relative, text in texts.items():
        Path(scratch, relative).write_bytes(text)
