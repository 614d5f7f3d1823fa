"""CSV and TSV: with a header that has fileIdentifier, path or url; or one column, no header."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from worker.core.errors import IndexInvalid
from worker.index import decode
from worker.index.listings.base import Records, text_lines
from worker.index.listings.text import from_text

_FIELDS: Final = {name.lower(): name for name in decode.FIELDS}
_IDENTITIES: Final = ("fileIdentifier", "path", "url")
"""Columns that can identify an object; the first one with a value is used."""


def read(path: Path, name: str) -> Records:
    """One record per row; columns of other names are ignored."""
    rows = _rows(path, name)
    first = next(rows, None)
    if first is None:
        return
    line, cells = first
    header = [_FIELDS.get(cell.strip().lower().replace("_", ""), "") for cell in cells]
    if any(column in _IDENTITIES for column in header):
        yield from _named(rows, header, name)
    elif len(cells) == 1:
        yield f"{name}:{line}", from_text(cells[0].strip(), f"{name}:{line}")
        for line, cells in rows:
            where = f"{name}:{line}"
            _expect(len(cells), 1, where)
            yield where, from_text(cells[0].strip(), where)
    else:
        raise IndexInvalid(
            f"{name}:{line}: no column fileIdentifier, path or url in the header "
            f"(it has {', '.join(cells)[:200]})"
        )


def _named(rows: Iterator[tuple[int, list[str]]], header: list[str], name: str) -> Records:
    for line, cells in rows:
        where = f"{name}:{line}"
        _expect(len(cells), len(header), where)
        fields = {
            column: cell.strip()
            for column, cell in zip(header, cells, strict=True)
            if column and cell.strip()
        }
        identity = next((fields[c] for c in _IDENTITIES if c in fields), None)
        if identity is None:
            raise IndexInvalid(f"{where}: no fileIdentifier, path or url")
        yield where, decode.from_fields(fields | {"fileIdentifier": identity}, where)


def _rows(path: Path, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the number of its first line. Raises: IndexInvalid."""
    tabs = name.lower().removesuffix(".gz").endswith(".tsv")
    reader = csv.reader(
        (line for _, line in text_lines(path, name)), delimiter="\t" if tabs else ",", strict=True
    )
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise IndexInvalid(f"{name}:{line}: {error}") from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _expect(found: int, columns: int, where: str) -> None:
    if found != columns:
        raise IndexInvalid(
            f"{where}: {found} columns, but {columns} expected (a value with a comma needs quotes)"
        )
