"""The list of presets for a terminal or a file; no text is truncated, however narrow it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from worker.presets import PresetRow

HEAD: Final = ("preset", "views", "size", "samples", "what it is", "follows")
LEAST: Final = 30
"""Minimum width of the summary column; below it, a table is hard to read."""
GAP: Final = 2
INDENT: Final = 4


def plain(rows: Sequence[PresetRow]) -> str:
    """A header line and one line per preset, without line breaks, for a pipe or a file."""
    table = [HEAD, *map(_cells, rows)]
    widths = _widths(table)
    lines = (
        (" " * GAP).join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        for cells in table
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def render(rows: Sequence[PresetRow], width: int) -> RenderableType:
    """A table if a terminal of `width` characters has room for it, else a paragraph per preset."""
    cells = [_cells(row) for row in rows]
    widths = _widths([HEAD, *cells])
    least = sum(widths) - widths[HEAD.index("what it is")] + LEAST + GAP * (len(HEAD) - 1)
    return _table(cells) if least <= width else Group(*map(_paragraph, cells))


def _table(rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), collapse_padding=True)
    for name in HEAD:
        table.add_column(name, no_wrap=name != "what it is")
    for cells in rows:
        table.add_row(*map(Text, cells))
    return table


def _paragraph(cells: Sequence[str]) -> RenderableType:
    name, views, size, samples, summary, follows = cells
    head = Text.assemble((name, "bold"), f"  views {views}, size {size}, samples {samples}")
    rest = [Padding(Text(line), (0, 0, 0, INDENT)) for line in (summary, follows) if line]
    return Group(head, *rest)


def _cells(row: PresetRow) -> tuple[str, ...]:
    size = "x".join(map(str, row.resolution))
    return (row.name, str(row.views or "—"), size, str(row.samples), row.summary, row.follows)


def _widths(table: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*table, strict=True)]
