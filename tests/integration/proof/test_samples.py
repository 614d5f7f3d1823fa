"""Every sample is rendered by every Blender, and looks as 4.5 shows it; so is every format."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.blenders import REPOSITORY
from tests.proof_helpers import Studio
from worker.core.errors import Unsupported

MAKE_FORMATS = REPOSITORY / "tests/integration/blender/make_formats.py"
LACKING = {"debian": {"abc", "usd", "usda", "usdc", "usdz"}, "bpy50": {"dae"}}
MOST = 6.0
"""Of 255, the mean difference of two Blenders' pictures where either shows something."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Blender 4.5, to compare with."""
    made = Studio("bpy", tmp_path_factory.mktemp("plain"))
    yield made
    made.close()


def difference(one, two) -> float:
    """The mean difference of two RGBA pictures in 255ths, over what either shows."""
    seen = (one[..., 3] > 0) | (two[..., 3] > 0)
    assert seen.any()
    flat = [image * (image[..., 3:] / 255.0) for image in (one, two)]
    return float(np.abs(flat[0] - flat[1])[seen].mean())


def differences(studio, plain, pairs) -> dict[str, float]:
    """Of each pair of models, one for each studio, by name: the largest of its views."""
    recipe = {"samples": 32, "resolution": 48}
    found = {}
    for mine, other in pairs:
        shots = studio.shoot(mine, **recipe), plain.shoot(other, **recipe)
        images = [[shot.image(f"{number:03d}.png") for number in range(2)] for shot in shots]
        found[mine.name] = max(difference(*pair) for pair in zip(*images, strict=True))
    return found


@pytest.mark.parametrize("family", ["demo", "proof", "hard"])
def test_every_sample_looks_as_in_45(studio, plain, family, record_property):
    for made in (studio, plain):
        made.sample("crate.obj")  # makes all families
    models = [
        path for path in sorted((plain.folder / family).iterdir())
        if path.suffix[1:] in {"blend", "fbx", "glb", "gltf", "obj", "ply", "stl"}
    ]  # fmt: skip
    found = differences(studio, plain, [(studio.folder / family / m.name, m) for m in models])
    assert len(found) >= 7
    record_property("differences in 255ths", str(found))
    print(found)
    assert {name: value for name, value in found.items() if value > MOST} == {}


@pytest.mark.parametrize("suffix", ["abc", "dae", "usd", "usda", "usdc", "usdz"])
def test_every_format_is_read_or_refused_by_name(studio, plain, suffix, tmp_path_factory):
    folder = plain.folder / "formats"
    if not folder.exists():
        folder.mkdir()
        subprocess.run([sys.executable, MAKE_FORMATS, folder], check=True, capture_output=True)
    mine = studio.folder / "formats" / f"cube.{suffix}"
    mine.parent.mkdir(exist_ok=True)
    mine.write_bytes((folder / mine.name).read_bytes())
    if suffix in LACKING.get(studio.blender, ()):
        with pytest.raises(Unsupported, match=f"cannot read '{suffix}'.*the bpy 4.5 wheel"):
            studio.shoot(mine)
        return
    found = differences(studio, plain, [(mine, folder / mine.name)])
    assert found[mine.name] <= MOST
