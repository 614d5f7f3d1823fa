"""docs/reading.md: its lines run, and it names every property."""

import re
import subprocess
import sys

import pytest

from render_worker import View
from tests.command_line import ROOT, environment
from tests.patience import HANG_S
from worker.export.run import ExportOptions, run

PAGE = (ROOT / "docs" / "reading.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(made, surface_images, rooms, with_meshes, tmp_path_factory):
    here = tmp_path_factory.mktemp("docs")
    for name, place in (("out", made), ("surfaces", surface_images), ("rooms", rooms),
                        ("solids", with_meshes)):  # fmt: skip
        (here / name).symlink_to(place)
    options = ExportOptions(kind="webdataset", input=str(made), to=str(here / "shards"),
                            scratch=here / "scratch")  # fmt: skip
    assert run(options, {}).status == 0
    return here


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_its_lines_run(number, folder):
    if "torch" in BLOCKS[number]:
        pytest.skip("is run by test_torch.py")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKS[number]], cwd=folder,
        env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, timeout=HANG_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_it_names_every_property_of_a_view():
    properties = {name for name, value in vars(View).items() if isinstance(value, property)}
    own = {"uid", "width", "height", "projection"}
    assert {name for name in properties - own if not name.startswith("_")} <= set(
        re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", PAGE)))
    )
