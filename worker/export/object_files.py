"""Files of one object in a data set: writing them, and readers that check them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
from PIL import Image

from worker.codecs import mesh_ply
from worker.codecs.mesh_ply import NotMeshPly
from worker.export.base import NotAsWritten
from worker.export.clouds import ply


def write(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[str]:
    """Write files below `folder`; returns their relative paths."""
    names = []
    for name, data in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        names.append(name)
    return names


def read_back(folder: Path, files: Iterable[str]) -> dict[str, Any]:
    """Read files of known endings: path to what `READERS` make of it.

    Raises: NotAsWritten, if one does not decode or two have the same name.
    """
    found: dict[str, Any] = {}
    for name in files:
        if name in found:
            raise NotAsWritten(f"two files have the name {name}")
        reader = READERS.get(PurePosixPath(name).suffix)
        try:
            found[name] = reader((folder / name).read_bytes()) if reader else None
        except (ValueError, OSError, SyntaxError) as error:
            raise NotAsWritten(f"{name}: {error}") from error
    return found


def check_meshes(folder: Path, files: Iterable[str]) -> None:
    """Check that the PLY files of meshes decode. Raises: NotAsWritten."""
    for name in files:
        try:
            mesh_ply.decode((folder / name).read_bytes())
        except NotMeshPly as error:
            raise NotAsWritten(f"{name}: {error}") from error


def _read_points(data: bytes) -> None:
    """Check that a PLY has points, all finite. Raises: ValueError."""
    found = ply.read_binary(data)
    if not len(found.xyz) or not np.isfinite(found.xyz).all():
        raise ValueError("it has no points, or points that are not finite")


def _read_image(data: bytes) -> None:
    with Image.open(io.BytesIO(data), formats=("PNG", "GIF")) as image:
        image.load()


READERS: Final[dict[str, Callable[[bytes], Any]]] = {
    ".png": _read_image,
    ".gif": _read_image,
    ".json": json.loads,
    ".ply": _read_points,
    ".npy": lambda data: np.load(io.BytesIO(data), allow_pickle=False),
    ".txt": lambda data: np.loadtxt(io.BytesIO(data)),
}
"""Ending to a function that decodes the bytes. Raises: ValueError, OSError, SyntaxError."""
