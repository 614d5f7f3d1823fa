"""Real children, one per Blender, and the objects they are given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.integration.blender.driver import DEBIAN, PROGRAM, REPOSITORY, WHEEL, Driver

MAKE_BLEND = Path(__file__).with_name("make_blend.py")
MAKE_FORMATS = Path(__file__).with_name("make_formats.py")
COMMANDS = {"wheel": WHEEL, "debian": PROGRAM}
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
def samples(tmp_path_factory):
    """The project's own sample objects, all of them."""
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run(
        [sys.executable, "-m", "tests.sample_models", folder],
        check=True,
        cwd=REPOSITORY,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="session")
def blends(blender, tmp_path_factory):
    """A folder of .blend files made by the Blender that will read them; see make_blend.py."""
    folder = tmp_path_factory.mktemp("blends") / "object"
    folder.mkdir()
    Image.new("RGB", (4, 4), (0, 0, 255)).save(folder.parent / "outside.png")
    start = [sys.executable] if blender == "wheel" else ["blender", "-b", "--python"]
    subprocess.run([*start, MAKE_BLEND, *["--"] * (blender == "debian"), folder], check=True,
                   capture_output=True)  # fmt: skip
    return folder


@pytest.fixture(scope="session")
def cubes(tmp_path_factory):
    """A folder with cube.abc, cube.dae, cube.usd and its kin; see make_formats.py."""
    folder = tmp_path_factory.mktemp("cubes")
    subprocess.run([sys.executable, MAKE_FORMATS, folder], check=True, capture_output=True)
    return folder


def pixels(path: Path) -> np.ndarray:
    """The combined pass of a raw file: linear premultiplied RGBA (H,W,4), row 0 at the top."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = file.parts[0].channels
        names = {name.rsplit(".", 1)[1]: name for name in channels if ".Combined." in name}
        return np.stack([channels[names[letter]].pixels for letter in "RGBA"], axis=-1)


def views_of(answer: dict, scratch: Path) -> list[np.ndarray]:
    """Every view's pixels; fails the test when the answer is not Rendered."""
    assert answer["type"] == "Rendered", answer
    return [framed(pixels(scratch / view["files"]["passes"]), view) for view in answer["views"]]


def framed(picture: np.ndarray, view: dict, background: float = 0.0) -> np.ndarray:
    """A raw picture (h,w,C) of a view's window, in the view's frame (H,W,C)."""
    left, top, width, height = view["window"]
    frame = np.full((view["height"], view["width"], picture.shape[2]), background, picture.dtype)
    frame[top : top + height, left : left + width] = picture
    return frame
