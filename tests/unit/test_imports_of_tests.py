"""Fixtures reach a test by their name; what else tests share lies in plain modules.

That no test reads a private name of the product is ruff's to see: SLF001 and PLC2701.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def imported(source: str) -> set[str]:
    """The modules that a file names in its imports, and what it takes from them."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module or ''}.{alias.name}" for alias in node.names}
    return found


def of_conftests(source: str) -> set[str]:
    return {name for name in imported(source) if "conftest" in name.split(".")}


@pytest.mark.parametrize(
    "line",
    ["from tests.e2e.conftest import ROOT", "from tests.e2e import conftest", "import a.conftest",
     "from .conftest import ROOT", "from . import conftest", "import a.conftest as b"],
)  # fmt: skip
def test_an_import_of_a_conftest_is_found(line):
    assert of_conftests(f"def test():\n    {line}\n")


def test_no_test_imports_a_conftest():
    files = sorted(TESTS.rglob("*.py"))
    assert len(files) > 100
    found = {str(path.relative_to(TESTS)): of_conftests(path.read_text()) for path in files}
    assert {path: names for path, names in found.items() if names} == {}
