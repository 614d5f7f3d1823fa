"""docs/numbers.md: its tables are the program's, and its lines leave one of near-duplicates."""

import re
import sys

import msgspec

from tests.command_line import ROOT
from tests.integration.export import scenes
from tests.integration.export.test_docs import done
from worker.export.opened_zip import ViewStatistics
from worker.export.where import FIELDS
from worker.pack.statistics import ObjectStatistics

PAGE = (ROOT / "docs" / "numbers.md").read_text()


def rows(heading):
    """The names in the first column of the table that begins with `heading`."""
    table = PAGE.split(f"| {heading} |")[1].split("\n\n")[0]
    cells = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def names(kind):
    return {field.name for field in msgspec.structs.fields(kind)}


def test_the_tables_are_complete():
    assert rows("of each view") == names(ViewStatistics)
    assert rows("of the object") == names(ObjectStatistics)
    assert rows("field") == FIELDS.keys()


def test_the_lines_leave_one_of_near_duplicates(tmp_path):
    scenes.output(tmp_path / "out", scenes.recipe(views=4, size=48), objects=2)
    done([sys.executable, "-m", "worker", "export", "parquet", "--input", "out", "--to",
          "catalogue"], tmp_path)  # fmt: skip
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(code.splitlines()) <= 5
    found = done([sys.executable, "-c", code], tmp_path)
    assert found.strip() == "['https://example.org/0.glb']"
