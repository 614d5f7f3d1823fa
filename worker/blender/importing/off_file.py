"""Reads OFF, Geomview's Object File Format, into arrays; Blender has no importer for it.

Source: Geomview's manual, "OFF Files". Common deviations are accepted: counts on the same line as
the keyword (as in ModelNet), a missing keyword, comments and empty lines anywhere.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from worker.blender.faults import ObjectFault
from worker.blender.importing import ply_file
from worker.blender.importing.ply_file import Element, Property

Array = npt.NDArray[Any]
MOST_BYTES = 1 << 29
MOST_CORNERS = 200_000_000
LARGEST = 1e30
"""Largest coordinate; squared lengths of larger ones overflow float32."""
_KEYWORD = re.compile(rb"\s*(ST)?(C)?(N)?(4)?(n)?OFF\b(?:[ \t]+(BINARY)\b[ \t]*\r?\n?)?")
_GLUED = re.compile(rb"\s*(ST)?(C)?(N)?(4)?(n)?OFF(?=\d)()")
_COMMENT = re.compile(rb"#[^\n]*")
COLOUR_PARTS = 3


@dataclasses.dataclass(frozen=True)
class OffMesh:
    """The mesh of an OFF file, in the file's units and axes.

    points (V,3) float32; sizes (F,): corners of each face; corners (L,): vertex indices of all
    corners, face by face. vertex_colours (V,3) and face_colours (F,3) have the file's values, NaN
    for a face without colour. normals (V,3). Each of these three is None if the file has none.
    """

    points: Array
    sizes: Array
    corners: Array
    vertex_colours: Optional[Array] = None
    face_colours: Optional[Array] = None
    normals: Optional[Array] = None


@dataclasses.dataclass(frozen=True)
class _Kind:
    """The columns of a vertex, as the keyword declares them."""

    texture: bool
    colour: bool
    normal: bool
    homogeneous: bool
    any_dimension: bool
    binary: bool

    def columns(self) -> Dict[str, int]:
        """The number of columns of each kind, in file order."""
        return {
            "point": 4 if self.homogeneous else 3,
            "normal": 3 * self.normal,
            "colour": 4 * self.colour,
            "texture": 2 * self.texture,
        }


def read(path: str) -> OffMesh:
    """Read an OFF file. All vertex indices of the result are in range.

    Raises: ObjectFault: "import" for an invalid or truncated file; "too_large".
    """
    size = Path(path).stat().st_size
    if size > MOST_BYTES:
        raise ObjectFault(
            "too_large", f"an .off file of {size:,} bytes; the limit is {MOST_BYTES:,}"
        )
    data = Path(path).read_bytes()
    try:
        found = _KEYWORD.match(data) or _GLUED.match(data)
        kind = _kind(found)
        rest = data[found.end() :] if found else data
        return _checked(_binary(rest, kind) if kind.binary else _text(rest, kind))
    except (IndexError, OverflowError, ValueError) as error:
        raise ObjectFault("import", f"cannot import the .off: {error}") from error


def _kind(found: Optional[re.Match[bytes]]) -> _Kind:
    kind = _Kind(*(bool(part) for part in found.groups())) if found else _Kind(*[False] * 6)
    if kind.any_dimension:
        raise ValueError("its points are n-dimensional (nOFF), which is not supported")
    return kind


def _text(data: bytes, kind: _Kind) -> OffMesh:
    if b"#" in data:
        data = _COMMENT.sub(b"", data)
    lines = [line for line in data.split(b"\n") if line.strip()]
    counts = lines[0].split() if lines else []
    if len(counts) < 2 or not all(_is_count(count) for count in counts[:2]):  # noqa: PLR2004
        raise ValueError("it has no line with its numbers of vertices and faces")
    vertices, faces = int(counts[0]), int(counts[1])
    if 1 + vertices + faces > len(lines):
        raise ValueError(
            f"it is truncated: it declares {vertices:,} vertices and {faces:,} faces, but "
            f"has {len(lines) - 1:,} lines"
        )
    columns = _vertex_columns(_table(lines[1 : 1 + vertices]), kind)
    sizes, corners, colours = _faces(lines[1 + vertices : 1 + vertices + faces])
    return OffMesh(sizes=sizes, corners=corners, face_colours=colours, **columns)


def _is_count(word: bytes) -> bool:
    return word.isdigit() and len(word) <= ply_file.LONGEST_COUNT


def _table(lines: List[bytes]) -> Array:
    """The numbers in the lines (N,K); longer lines are cut to the length of the shortest."""
    widths = {len(line.split()) for line in lines}
    if len(widths) > 1:
        width = min(widths)
        lines = [b" ".join(line.split()[:width]) for line in lines]
    return ply_file.numbers(b" ".join(lines)).reshape(len(lines), -1 if lines else 3)


def _vertex_columns(table: Array, kind: _Kind) -> Dict[str, Any]:
    columns = kind.columns()
    spare = table.shape[1] - sum(columns.values())
    if kind.colour and spare == -1:  # many programs write no alpha
        columns["colour"], spare = COLOUR_PARTS, 0
    if spare < 0:
        raise ValueError(f"a vertex has {table.shape[1]} numbers, fewer than its keyword requires")
    parts, at = {}, 0
    for name, count in columns.items():
        parts[name] = table[:, at : at + count]
        at += count
    points = parts["point"][:, :3]
    if kind.homogeneous:
        with np.errstate(all="ignore"):
            points = points / parts["point"][:, 3:]
    return {
        "points": points,
        "normals": parts["normal"] if kind.normal else None,
        "vertex_colours": parts["colour"][:, :3] if kind.colour else None,
    }


def _size(value: float, number: int) -> int:
    """The number of corners of face `number`. Raises: ValueError, if it is none."""
    if not np.isfinite(value):
        raise ValueError(f"face {number} declares {value} corners")
    return int(value)


def _faces(lines: List[bytes]) -> Tuple[Array, Array, Optional[Array]]:
    """The sizes (F,), corners (L,) and colours (F,3) of the faces in `lines`."""
    if len({len(line.split()) for line in lines}) == 1:
        table = ply_file.numbers(b" ".join(lines)).reshape(len(lines), -1)
        size = _size(table[0, 0], 0)
        if (table[:, 0] == size).all() and 0 <= size < table.shape[1]:
            colours = _colour_of(table[:, 1 + size :])
            return np.full(len(table), size), table[:, 1 : 1 + size].ravel(), colours
    sizes, corners = np.empty(len(lines), np.int64), []
    colours = np.full((len(lines), COLOUR_PARTS), np.nan)
    for number, line in enumerate(lines):
        row = np.array(line.split(), np.float64)
        size = _size(row[0], number)
        if not 0 <= size < len(row):
            raise ValueError(f"face {number} declares {size} corners")
        sizes[number] = size
        corners.append(row[1 : 1 + size])
        if len(row) > size + COLOUR_PARTS:
            colours[number] = row[1 + size : 1 + size + COLOUR_PARTS]
    joined = np.concatenate(corners) if corners else np.empty(0)
    return sizes, joined, colours if np.isfinite(colours).any() else None


def _colour_of(columns: Array) -> Optional[Array]:
    """RGB (F,3) from the columns after the corners.

    None for fewer than three columns: a single number is an index into an unknown colour map.
    """
    return columns[:, :COLOUR_PARTS] if columns.shape[1] >= COLOUR_PARTS else None


def _binary(data: bytes, kind: _Kind) -> OffMesh:
    """Read a binary OFF: big-endian, its two tables laid out as in a binary PLY."""
    vertices, faces = (int(count) for count in np.frombuffer(data, ">i4", 2))
    if vertices < 0 or faces < 0 or 12 * vertices + 8 * faces > len(data):
        raise ValueError(f"it is truncated: it declares {vertices:,} vertices")
    names = [f"{name}{at}" for name, count in kind.columns().items() for at in range(count)]
    vertex = Element("vertex", vertices, tuple(Property(name, "f4") for name in names))
    face = Element("face", faces, (Property("corners", "i4", "i4"), Property("colour", "f4", "i4")))
    try:
        tables = ply_file.read_rows(data[12:], ">", (vertex, face))
    except (IndexError, ValueError):
        raise ValueError("it is truncated, or one of its counts is wrong") from None
    table = np.stack([tables[0][name] for name in names], axis=-1)
    rows = tables[1]["corners"], tables[1]["colour"]
    sizes = np.array([len(row) for row in rows[0]], np.int64)
    corners = np.concatenate(rows[0]) if len(sizes) else np.empty(0)
    colours = np.full((faces, COLOUR_PARTS), np.nan)
    for number, row in enumerate(rows[1]):
        if len(row) >= COLOUR_PARTS:
            colours[number] = row[:COLOUR_PARTS]
    found = colours if np.isfinite(colours).any() else None
    columns = _vertex_columns(table, kind)
    return OffMesh(sizes=sizes, corners=corners, face_colours=found, **columns)


def _checked(mesh: OffMesh) -> OffMesh:
    """Check coordinates and indices, convert the types, drop faces with fewer than 3 corners."""
    points = np.asarray(mesh.points, np.float64)
    if not (np.abs(points) <= LARGEST).all():
        raise ValueError("a coordinate is not finite, or larger than 1e30")
    corners = np.asarray(mesh.corners, np.float64)
    there = (corners >= 0) & (corners < len(points)) & (corners == np.floor(corners))
    if not there.all():
        raise ValueError("a face refers to a vertex that does not exist")
    if len(corners) > MOST_CORNERS:
        raise ObjectFault("too_large", f"faces with {len(corners):,} corners in all")
    kept = mesh.sizes >= 3  # noqa: PLR2004 - corners of a face
    return dataclasses.replace(
        mesh,
        points=points.astype(np.float32),
        sizes=mesh.sizes[kept].astype(np.int32),
        corners=corners[np.repeat(kept, mesh.sizes)].astype(np.int32),
        face_colours=None if mesh.face_colours is None else mesh.face_colours[kept],
    )
