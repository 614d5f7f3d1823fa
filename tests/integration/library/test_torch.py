"""The data sets for PyTorch, with real DataLoaders, in an environment that has it."""

import importlib.util
import re
import shutil
import sys

import pytest

from tests.command_line import ROOT
from tests.patience import HANG_S
from tests.tools import pythons

TORCH = "torch==2.13.0+cpu"
"""Not the build for GPUs, which is several GB."""
CHECKS = [
    "check_tensors", "check_sharing", "check_epochs", "check_resuming", "check_pickles",
    "check_stateful",
]  # fmt: skip


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A Python that has PyTorch: this one, or that of a fresh environment."""
    if importlib.util.find_spec("torch"):
        yield sys.executable
        return
    folder = tmp_path_factory.mktemp("torch")
    try:
        yield pythons.installed(pythons.find("3.11"), folder, TORCH, "numpy", "pillow")
    except pythons.Unavailable as reason:
        pytest.skip(f"NO PYTORCH, only the order of samples is tested: {reason}")
    finally:
        shutil.rmtree(folder)  # of almost 1 GB


@pytest.mark.slow
def test_what_the_data_sets_promise(python, made):
    done = pythons.run(
        python, "-m", "tests.integration.library.torch_program", made, where=ROOT,
        timeout=2 * HANG_S, PYTHONPATH=str(ROOT),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith("check_")]
    assert lines == CHECKS


@pytest.mark.slow
def test_the_lines_of_the_page(python, made, tmp_path):
    (tmp_path / "out").symlink_to(made)
    page = (ROOT / "docs" / "reading.md").read_text()
    (lines,) = (
        block
        for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL)
        if "render_worker.torch" in block
    )
    done = pythons.run(python, "-c", lines, where=tmp_path, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == 2 * 3
