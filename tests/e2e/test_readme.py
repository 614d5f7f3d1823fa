"""The commands of README.md and docs/inputs.md, run as they stand."""

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
INPUTS = (ROOT / "docs" / "inputs.md").read_text()


def commands() -> list[str]:
    return [
        line
        for block in re.findall(r"```bash\n(.*?)```", README + INPUTS, flags=re.DOTALL)
        for line in block.splitlines()
        if line
    ]


def test_the_commands_work_as_typed(own_samples, tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = Path(sys.executable).with_name("render-worker")
    (tmp_path / ".venv" / "bin" / "render-worker").symlink_to(program)
    assert len(commands()) >= 6
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
    assert len(list(tmp_path.glob("out-*/renders/*.zip"))) == 21
    assert (tmp_path / "out-12" / "gallery" / "index.html").is_file()
    assert len(list((tmp_path / "out-12" / "gallery" / "objects").iterdir())) == 7
    assert list((tmp_path / "shards").glob("*.tar"))
    (tmp_path / "out").symlink_to("out-12")  # what `make run` makes
    (lines,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    read = subprocess.run(
        [sys.executable, "-c", lines],
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert read.returncode == 0, read.stderr
    assert read.stdout.count("(64, 64, 4)") == 7 * 12


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_the_make_targets_it_names_are_there(name):
    text = (ROOT / name).read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^    make ([a-z-]+)", text, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_the_options_it_names_are_there():
    # Those of the page are compared with the program's in tests/unit/test_docs_options.py.
    known = re.findall(
        r"^\| `(--[a-z0-9-]+)`", (ROOT / "docs/options.md").read_text(), re.MULTILINE
    )
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", README + INPUTS))
    assert used - {"--gpus"} <= set(known)
