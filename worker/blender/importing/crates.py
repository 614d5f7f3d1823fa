"""Rewrites the names of other files in binary USD, with the USD modules that Blender has.

A crate (.usdc) is edited as a layer. A package (.usdz) is unpacked, edited like a folder of files,
and packed again. Without these modules nothing is rewritten.
"""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Callable, Dict, List, Optional

from worker.blender.importing.naming import Rename, unpackaged
from worker.blender.importing.usd_modules import usd_modules
from worker.blender.references import crate
from worker.blender.references.usd import ZIP_MAGIC

MOST_MEMBERS = 20_000
_FILE = re.compile(r"[^\r\n]{0,1019}\.\w{2,5}(?:\[[^\]]*\])?")
"""A string of a crate that may be the name of a file."""
Edit = Callable[[str, str], Dict[str, bytes]]
"""Takes a folder and the path of a model in it; returns new contents of files, by path below the
folder."""


def is_crate(data: bytes) -> bool:
    """Whether the content is a crate, whatever its suffix."""
    return data.startswith(crate.MAGIC)


def is_package(data: bytes) -> bool:
    """Whether the content is a package, whatever its suffix."""
    return data.startswith(ZIP_MAGIC)


def rewrite(data: bytes, rename: Rename, exists: Callable[[str], bool]) -> bytes:
    """Rewrite a crate.

    `exists` tells whether a file exists at a name. If all do, the crate is not opened.
    """
    try:
        strings = [os.fsdecode(each) for each in crate.tokens(memoryview(data))]
    except ValueError:
        return data  # `Root.check` reports it
    rename = unpackaged(rename)
    names = [each for each in strings if _FILE.fullmatch(each)]
    if all(map(exists, names)):
        for name in names:
            rename(name)
        return data
    with TemporaryDirectory() as folder:
        path = Path(folder, "layer.usdc")
        path.write_bytes(data)
        new = Path(folder, "new.usdc")
        return new.read_bytes() if _edited(path, new, rename) else data


def _edited(path: Path, new: Path, rename: Rename) -> bool:
    """Write the crate at `path` with other names to `new`; return whether any name changed."""
    usd = usd_modules()
    layer = None
    changes: List[str] = []

    def renamed(name: str) -> str:
        other = rename(name) if name else None
        if other is None:
            return name
        changes.append(name)
        return other

    try:
        layer = usd and usd.sdf.Layer.FindOrOpen(str(path))
        if usd is None or layer is None:
            return False
        usd.utils.ModifyAssetPaths(layer, renamed)
        return bool(changes) and bool(layer.Export(str(new)))
    except (RuntimeError, ValueError):  # USD's own errors: the importer reports them
        return False


def rewrite_package(path: str, edit: Edit) -> Optional[bytes]:
    """The package at `path` with files edited by `edit`; None if nothing changes."""
    usd = usd_modules()
    if usd is None:
        return None
    with TemporaryDirectory() as home:
        folder = os.path.realpath(home)
        names = _unpacked(path, folder)
        changed = edit(folder, names[0]) if names else {}
        if not changed:
            return None
        for name, content in changed.items():
            Path(folder, name).write_bytes(content)
        new = Path(folder, "package.usdz")
        writer = usd.package_writer.CreateNew(str(new))
        for name in names:
            writer.AddFile(str(Path(folder, name)), name)
        return new.read_bytes() if writer.Save() else None


def _unpacked(path: str, folder: str) -> List[str]:
    """Unpack a package; return its files in order, or none if USD would not read it."""
    try:
        with zipfile.ZipFile(path) as package:
            members = [each for each in package.infolist() if not each.is_dir()]
            if len(members) > MOST_MEMBERS or any(each.compress_type for each in members):
                return []
            return [os.path.relpath(package.extract(each, folder), folder) for each in members]
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError):
        return []
