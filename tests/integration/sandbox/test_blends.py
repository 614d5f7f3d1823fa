"""Models whose contents lie in another folder: nothing there is read, written or connected to."""

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import listing, run_worker
from tests.patience import HANG_S
from tests.tools.watched import Watched
from worker.core import keys

MAKE_LEADING = Path(__file__).with_name("make_leading.py")
TINY = ("--device", "cpu", "--set", "views=1", "--set", "resolution=64", "--set", "samples=4")
READ_UNFENCED = {
    "bpy": {"bake/meta/00001_00000.json", "simulation/meta/00001_00000.json", "multires.btx"},
    "blender": {"multires.btx", "fluid/config/config_0001.uni"},
}
"""What Blender itself reads, whatever the worker removes from a scene before it renders."""
WRITTEN_UNFENCED = {"bpy": {"fluid/config/config_0001.uni"}, "blender": set()}
FAILED = {"bpy": {}, "blender": {"font": "empty"}}
FRAMES = 3 * HANG_S


class Leading:
    """The models of make_leading.py, made by the Blender that is to read them."""

    def __init__(self, blender: str, folder: Path, port: int) -> None:
        self.blender, self.folder = blender, folder
        self.models, self.outside = folder / "models", folder / "outside"
        start = [sys.executable] if blender == "bpy" else ["blender", "-b", "--python"]
        script = [str(MAKE_LEADING), *["--"] * (blender != "bpy")]
        done = subprocess.run(
            [*start, *script, self.models, self.outside, str(port)],
            check=True, capture_output=True, text=True, timeout=FRAMES,
        )  # fmt: skip
        self.made = {line[5:] for line in done.stdout.splitlines() if line.startswith("MADE ")}

    def rendered(self, name: str, sandbox: str) -> tuple[dict[str, str], dict[str, dict]]:
        """The sums of what the run `name` published, and its outcomes by model."""
        out = self.folder / name
        run_worker(
            "run", self.models, "--output", out, *TINY, "--blender", self.blender,
            "--sandbox", sandbox, "--max-failure-rate", "1",
        )  # fmt: skip
        lines = [
            json.loads(line)
            for part in out.glob("ledger/*/*.jsonl")
            for line in part.read_text().splitlines()
        ]
        return listing(out), {Path(line["file_identifier"]).stem: line for line in lines}


@pytest.fixture(scope="module")
def port():
    """A port of this machine where somebody listens, and who came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(
    scope="module",
    params=["bpy", pytest.param("blender", marks=pytest.mark.debian_blender)],
)
def leading(request, tmp_path_factory, port):
    if request.param == "blender" and not Path("/usr/bin/blender").exists():
        pytest.skip("NOT TESTED under a Blender program: no /usr/bin/blender")
    return Leading(request.param, tmp_path_factory.mktemp("leading"), port.getsockname()[1])


def test_the_ways_are_there(leading):
    always = {
        "multires", "particles", "cloth", "soft_body", "fluid", "ocean", "mesh_cache", "font",
        "library", "picture", "sequence", "movie", "clip", "sound", "lamp_profile", "address",
    }  # fmt: skip
    of_the_wheel = {"bake", "simulation", "alembic", "import_node", "volume"}
    assert leading.made == always | (of_the_wheel if leading.blender == "bpy" else set())


def test_nothing_outside_is_read_written_or_connected_to(leading, port):
    with Watched(leading.outside) as watched:
        present, outcomes = leading.rendered("present", "require")
        assert watched.seen() == set()
    away = leading.outside.rename(leading.folder / "away")
    absent, _ = leading.rendered("absent", "require")
    assert not leading.outside.exists(), "something was written outside"
    away.rename(leading.outside)
    # A library that exists outside is refused, one that does not is missing.
    del absent[keys.render_zip(outcomes["library"]["uid"])]
    assert present == absent
    assert outcomes.keys() == leading.made
    failed = {name: line["code"] for name, line in outcomes.items() if line["outcome"] == "failed"}
    # Blender 3.4 shows no text without its font.
    assert failed == {"library": "import"} | FAILED[leading.blender]
    with pytest.raises(BlockingIOError):
        port.accept()


def test_without_a_sandbox_the_kernel_would_have_let_them(leading):
    """Or the test above would tell nothing."""
    kept = shutil.copytree(leading.outside, leading.folder / "kept")
    with Watched(leading.outside) as watched:
        leading.rendered("open", "off")
        seen = watched.seen()
    assert {("opened", name) for name in READ_UNFENCED[leading.blender]} <= seen
    assert {("written", name) for name in WRITTEN_UNFENCED[leading.blender]} <= seen
    shutil.rmtree(leading.outside)
    kept.rename(leading.outside)
