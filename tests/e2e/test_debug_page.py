"""docs/debug.md shows what the program prints."""

from __future__ import annotations

import re
from pathlib import Path

from tests.command_line import SMALL, run_worker

PAGE = (Path(__file__).parents[2] / "docs" / "debug.md").read_text()
PARTICULARS = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d+\.\d s|Blender \d\S*( LTS)?|\d+,\d{3}")
"""What differs from machine to machine: times, versions, sizes of samples."""


def test_the_readme_of_a_truncated_file(samples, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "rocket.glb").write_bytes((samples / "rocket.glb").read_bytes()[:9000])
    run_worker("run", models, "--output", "out", "--device", "cpu", *SMALL, where=tmp_path,
               check=10)  # fmt: skip
    (words,) = re.findall(r"^render-worker (debug models .*)$", PAGE, re.MULTILINE)
    run_worker(*words.split(), "--device", "cpu", where=tmp_path, check=10)
    said = (tmp_path / "rocket" / "README.txt").read_text()
    shown = PAGE.split("and where:\n\n")[1].split("\n\nThe exit status")[0]
    shown = re.sub(r"^ {4}", "", shown, flags=re.MULTILINE)
    assert PARTICULARS.sub("…", said.strip()) == PARTICULARS.sub("…", shown.strip())
