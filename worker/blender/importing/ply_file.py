"""Reads the elements of a PLY as arrays, for data that Blender's importer ignores.

Source: Greg Turk, "The PLY Polygon File Format"; the property names are those that MeshLab,
Assimp, VCG and 3D Gaussian splatting write.
"""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
MOST_HEADER = 1 << 16
TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2",
    "ushort": "u2", "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4",
    "float": "f4", "float32": "f4", "double": "f8", "float64": "f8",
}  # fmt: skip
LONGEST_COUNT = 24
"""Digits of a number of rows."""
ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}
TEXTURE = "comment texturefile "


@dataclasses.dataclass(frozen=True)
class Property:
    """A column. For a list property, `count` is the type of the list length, else empty."""

    name: str
    type: str
    count: str = ""


@dataclasses.dataclass(frozen=True)
class Element:
    """A table: its name, number of rows and columns."""

    name: str
    rows: int
    properties: Tuple[Property, ...]

    def names(self) -> List[str]:
        """The names of the columns."""
        return [each.name for each in self.properties]

    def least_bytes(self) -> int:
        """The fewest bytes of a row in a binary file, all its lists empty."""
        return sum(np.dtype(each.count or each.type).itemsize for each in self.properties)


@dataclasses.dataclass(frozen=True)
class Header:
    """The header of a PLY.

    textures: the names after "comment TextureFile".
    order: "" for ASCII, else the byte order as in NumPy, "<" or ">". size: bytes of the header.
    """

    order: str
    elements: Tuple[Element, ...]
    textures: Tuple[str, ...]
    size: int

    def element(self, name: str) -> Optional[Element]:
        """The element called `name`, or None."""
        return next((each for each in self.elements if each.name == name), None)

    def least_bytes(self) -> int:
        """The fewest bytes that a file with this header can have: all its lists are empty."""
        if self.order:
            return self.size + sum(each.rows * each.least_bytes() for each in self.elements)
        # A digit and what ends it; the last line may lack its end.
        data = sum(2 * each.rows * len(each.properties) for each in self.elements)
        return self.size + max(0, data - 1)


def read_header(path: str) -> Optional[Header]:
    """The header of the file at `path`, or None if it is invalid."""
    with Path(path).open("rb") as file:
        start = file.read(MOST_HEADER)
    end = start.find(b"end_header")
    size = start.find(b"\n", end) + 1
    if not start.startswith(b"ply") or end < 0 or size == 0:
        return None
    order = ""
    textures: List[str] = []
    elements: List[Element] = []
    try:
        for line in start[:end].decode("ascii", "replace").splitlines():
            words = line.split()
            if words[:1] == ["format"]:
                order = ORDERS.get(words[1], "")
            elif line.lower().startswith(TEXTURE):
                textures.append(line[len(TEXTURE) :].strip())
            elif words[:1] == ["element"]:
                elements.append(Element(words[1], _rows(words[2]), ()))
            elif words[:2] == ["property", "list"]:
                added = Property(words[4], TYPES[words[3]], TYPES[words[2]])
                elements[-1] = _with(elements[-1], added)
            elif words[:1] == ["property"]:
                elements[-1] = _with(elements[-1], Property(words[2], TYPES[words[1]]))
    except (IndexError, KeyError, ValueError):
        return None
    return Header(order, tuple(elements), tuple(filter(None, textures)), size)


def _rows(word: str) -> int:
    """A number of rows. Raises: ValueError, also below 0 and beyond any file."""
    if len(word) > LONGEST_COUNT or int(word) < 0:
        raise ValueError(word)
    return int(word)


def read_element(path: str, header: Header, name: str) -> Optional[Dict[str, Any]]:
    """The columns of an element: an array (N,) each; for a list property, N arrays.

    Returns None if the element is absent, the file is truncated or it contradicts its header.
    """
    data = Path(path).read_bytes()[header.size :]
    try:
        reader = _Text(data) if not header.order else _Binary(data, header.order)
        for element in header.elements:
            table = reader.table(element)
            if element.name == name:
                return table
    except (IndexError, ValueError):
        return None
    return None


def read_rows(data: bytes, order: str, elements: Tuple[Element, ...]) -> List[Dict[str, Any]]:
    """Read consecutive tables of `elements` from binary `data`; columns as in `read_element`.

    Raises: ValueError or IndexError if the data is truncated or invalid.
    """
    reader = _Binary(data, order)
    return [reader.table(element) for element in elements]


def _with(element: Element, added: Property) -> Element:
    return dataclasses.replace(element, properties=(*element.properties, added))


def numbers(text: bytes) -> Array:
    """All numbers (N,) in a text, separated by white space.

    Raises: ValueError if a word is not a number.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(text, np.float64, sep=" ")
        except (DeprecationWarning, ValueError):
            raise ValueError("text where a number is expected") from None


class _Text:
    """Reads ASCII tables, with one row in each line."""

    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.split(b"\n"))

    def table(self, element: Element) -> Dict[str, Any]:
        lines = list(itertools.islice(self._lines, element.rows))
        if len(lines) < element.rows:
            raise ValueError("it is truncated")
        if not any(each.count for each in element.properties):
            table = numbers(b" ".join(lines)).reshape(element.rows, len(element.properties))
            return {each.name: table[:, at] for at, each in enumerate(element.properties)}
        rows = [line.split() for line in lines]
        columns: Dict[str, List[Any]] = {each.name: [] for each in element.properties}
        for row in rows:
            at = 0
            for each in element.properties:
                if each.count:
                    count = int(row[at])
                    columns[each.name].append(np.array(row[at + 1 : at + 1 + count], np.float64))
                    at += 1 + count
                else:
                    columns[each.name].append(float(row[at]))
                    at += 1
        return {
            each.name: columns[each.name] if each.count else np.array(columns[each.name])
            for each in element.properties
        }


class _Binary:
    """Reads binary tables, in one step if all rows have the same size."""

    def __init__(self, data: bytes, order: str) -> None:
        self._data, self._order, self._at = data, order, 0

    def table(self, element: Element) -> Dict[str, Any]:
        kinds = self._row(element)
        whole = np.dtype(kinds)
        size = whole.itemsize * element.rows
        if self._at + size <= len(self._data):
            rows = np.frombuffer(self._data, whole, element.rows, self._at)
            lists = [each for each in element.properties if each.count]
            if all((rows[f"#{each.name}"] == rows[f"#{each.name}"][:1]).all() for each in lists):
                self._at += size
                return {each.name: rows[each.name] for each in element.properties}
        return self._one_by_one(element)

    def _row(self, element: Element) -> List[Any]:
        """The NumPy fields of a row, with list lengths taken from the first row."""
        kinds: List[Any] = []
        at = self._at
        for each in element.properties:
            if each.count:
                count = 0
                if element.rows:
                    count = int(np.frombuffer(self._data, self._order + each.count, 1, at)[0])
                kinds.append((f"#{each.name}", self._order + each.count))
                kinds.append((each.name, self._order + each.type, (count,)))
                at += np.dtype(each.count).itemsize + count * np.dtype(each.type).itemsize
            else:
                kinds.append((each.name, self._order + each.type))
                at += np.dtype(each.type).itemsize
        return kinds

    def _one_by_one(self, element: Element) -> Dict[str, Any]:
        columns: Dict[str, List[Any]] = {each.name: [] for each in element.properties}
        for _ in range(element.rows):
            for each in element.properties:
                count = int(self._take(each.count, 1)[0]) if each.count else 1
                values = self._take(each.type, count)
                columns[each.name].append(values if each.count else values[0])
        return {
            each.name: columns[each.name] if each.count else np.array(columns[each.name])
            for each in element.properties
        }

    def _take(self, kind: str, count: int) -> Array:
        values = np.frombuffer(self._data, self._order + kind, count, self._at)
        self._at += values.nbytes
        return values
