"""docs/launchers.md: its table of ranks has every launcher, with the variables that are read."""

from __future__ import annotations

import re
from pathlib import Path

from worker.core.launchers import LAUNCHERS

PAGE = (Path(__file__).parents[2] / "docs" / "launchers.md").read_text()


def rows(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_launcher_has_its_row_in_order():
    assert [cells[0] for cells in rows("Ranks")] == [launcher.name for launcher in LAUNCHERS]


def test_every_row_names_the_variable_that_is_read():
    for launcher, cells in zip(LAUNCHERS, rows("Ranks"), strict=True):
        (told, *_) = re.findall(r"`([A-Z_]+)`", cells[1])
        assert told in launcher.source
