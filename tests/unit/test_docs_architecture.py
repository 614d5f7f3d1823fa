"""ARCHITECTURE.md: its table has every package, and what its tables name is in the code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "ARCHITECTURE.md").read_text()
SOURCE = "\n".join(path.read_text() for path in sorted((ROOT / "worker").rglob("*.py")))


def rows(heading: str) -> list[list[str]]:
    """The cells of each row of the table below a heading, without the table's own head."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/__init__.py")
    }


def test_every_package_has_a_row():
    packages = {path.parent.name for path in ROOT.glob("worker/*/__init__.py")}
    found = {name.rstrip("/") for cells in rows("Packages") for name in code(cells[0])}
    assert packages <= found


def test_every_module_that_the_table_names_exists():
    for cells in rows("Packages"):
        (folder,) = [name.rstrip("/") for name in code(cells[0]) if name.endswith("/")]
        named = {name.rstrip("/").removesuffix(".py") for name in code(cells[1])}
        files = {name for name in named if "." in name or "/" in name}  # job.json, tests/
        assert named - files - {"status", "doctor", "presets"} <= modules(ROOT / "worker" / folder)


def test_the_rows_of_run_supervisor_and_core_are_complete():
    for cells in rows("Packages"):
        folder = cells[0].strip("`/")
        if folder in {"run", "supervisor", "core"}:
            assert modules(ROOT / "worker" / folder) - {"__init__"} - {folder} == {*code(cells[1])}


def test_the_glossary_names_what_is_in_the_code():
    terms = rows("Glossary")
    assert len(terms) > 30
    names = [name for cells in terms for name in code(cells[2]) if "/" not in name]
    assert [name for name in names if not re.search(rf"\b{name.split('.')[-1]}\b", SOURCE)] == []
