"""The README's commands, run as they stand."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT, environment
from tests.patience import HANG_S

README = (ROOT / "README.md").read_text()


def commands() -> list[str]:
    return [
        line
        for block in re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
        for line in block.splitlines()
        if line
    ]


def test_the_commands_of_the_readme_work_as_typed(own_samples, tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = Path(sys.executable).with_name("render-worker")
    (tmp_path / ".venv" / "bin" / "render-worker").symlink_to(program)
    assert len(commands()) >= 5
    for line in commands():
        done = subprocess.run(
            shlex.split(line),
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert len(list(tmp_path.glob("out-*/renders/*.zip"))) == 14
    assert (tmp_path / "out-12" / "contact-sheet.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_make_targets_and_files_it_names_are_there(name):
    text = (ROOT / name).read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make ([a-z-]+)", text, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    for path in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / path).exists(), path


def test_the_options_it_names_are_there():
    help_text = subprocess.run(
        [sys.executable, "-m", "worker", "run", "--help"],
        cwd=ROOT,
        env={**environment(), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    table = README.split("## Options")[1].split("## Output")[0]
    for option in re.findall(r"--[a-z][a-z-]+", table):
        assert option in help_text or option == "--help", option
