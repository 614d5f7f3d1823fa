"""Real children, one per Blender, and the objects they are given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.integration.blender import inside
from tests.integration.blender.driver import COMMANDS, DEBIAN, Driver

MAKE_BLEND = Path(__file__).with_name("make_blend.py")
MAKE_FORMATS = Path(__file__).with_name("make_formats.py")
BLENDERS = [
    pytest.param("wheel", id="bpy"),
    pytest.param("debian", id="debian", marks=pytest.mark.debian_blender),
]


@pytest.fixture(scope="session", params=BLENDERS)
def blender(request):
    """Which Blender: "wheel" or "debian"."""
    if request.param == "debian" and not DEBIAN.exists():
        pytest.skip(f"NOT TESTED under a Blender program: no {DEBIAN} (apt-get install blender)")
    return request.param


@pytest.fixture(scope="session")
def children(tmp_path_factory):
    """The living child of each Blender, bound to the CPU."""
    drivers: dict[str, Driver] = {}
    yield drivers
    for driver in drivers.values():
        driver.end()


@pytest.fixture
def child(blender, children, tmp_path_factory):
    """One child for all tests, as a worker keeps it; a new one only if a test has killed it."""
    if blender not in children or children[blender].process.poll() is not None:
        children[blender] = Driver(COMMANDS[blender], tmp_path_factory.mktemp("log") / "log")
        children[blender].configure("cpu")
    return children[blender]


@pytest.fixture(scope="session")
def blends(blender, tmp_path_factory):
    """A folder of .blend files made by the Blender that will read them; see make_blend.py."""
    folder = tmp_path_factory.mktemp("blends") / "object"
    folder.mkdir()
    Image.new("RGB", (4, 4), (0, 0, 255)).save(folder.parent / "outside.png")
    inside.run(blender, MAKE_BLEND, folder)
    return folder


@pytest.fixture(scope="session")
def cubes(tmp_path_factory):
    """A folder with cube.abc, cube.dae, cube.usd and its kin; see make_formats.py."""
    folder = tmp_path_factory.mktemp("cubes")
    subprocess.run([sys.executable, MAKE_FORMATS, folder], check=True, capture_output=True)
    return folder
