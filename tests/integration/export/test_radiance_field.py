"""A field trained on an export shows views it has not seen: poses and intrinsics are right."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.command_line import ROOT, run_worker
from worker.core import keys

LEAST_DB = 24.0
ABOVE_COPYING_DB = 6.0
"""What the field must show more than the best that can be shown without any camera."""
OBJECT = "crate.obj"
"""No two sides of it look the same."""
SETTINGS = (
    "views=100", "resolution=64", "samples=16", "subject.normalise=unit-cube",
    "camera.layout=sphere", "camera.radius=[1.1, 2]", "camera.fov=60",
    "splits.train=0", "splits.val=0", "splits.test=0",
)  # fmt: skip
"""From near and wide: a false focal length would else be as good as an object of another size."""
WRONG = {"focal length": {"zoom": 1.2}, "axes": {"axes": (1.0, -1.0, 1.0)}}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """The exported folder of one object, 90 views to train and 10 held out."""
    folder = tmp_path_factory.mktemp("field")
    objects = folder / "objects"
    objects.mkdir()
    subprocess.run(
        [sys.executable, "-m", "tests.sample_models", str(objects), OBJECT],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    overrides = [part for setting in SETTINGS for part in ("--set", setting)]
    run_worker("run", objects, "--output", folder / "out", "--preset", "nerf-synthetic",
               "--device", "cpu", *overrides)  # fmt: skip
    run_worker("export", "nerf", "--input", folder / "out", "--to", folder / "to",
               "--splits", "90,0,10", "--mixed-radii")  # fmt: skip
    return folder / "to" / keys.uid_of(OBJECT)


def pictures(scene, split):
    """On white (n, h, w, 3), 0 to 1."""
    frames = json.loads((scene / f"transforms_{split}.json").read_text())["frames"]
    rgba = np.stack([np.array(Image.open(scene / f"{each['file_path']}.png")) for each in frames])
    alpha = rgba[..., 3:] / 255
    return rgba[..., :3] / 255 * alpha + (1 - alpha)


def copying(scene):
    """Mean over the held-out views of the PSNR of the training view that is most like it, dB."""
    train = pictures(scene, "train")
    errors = [((train - view) ** 2).mean(axis=(1, 2, 3)).min() for view in pictures(scene, "test")]
    return float(np.mean(-10 * np.log10(errors)))


@pytest.mark.slow
def test_held_out_views_are_like_none_that_were_seen(scene, record_property):
    best = copying(scene)
    record_property("copied_db", best)
    assert best < LEAST_DB - ABOVE_COPYING_DB


@pytest.mark.nerf
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_field_shows_held_out_views(scene, record_property):
    radiance = trainer()
    held_out = radiance.psnr(radiance.train(scene), scene)
    record_property("held_out_db", held_out)
    assert held_out >= LEAST_DB
    assert held_out >= copying(scene) + ABOVE_COPYING_DB


@pytest.mark.nerf
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", WRONG)
def test_a_field_trained_on_wrong_cameras_misses(scene, what, record_property):
    """So the bound tells right from wrong, whatever a field can make up for."""
    radiance = trainer()
    held_out = radiance.psnr(radiance.train(scene, **WRONG[what]), scene, **WRONG[what])
    record_property("held_out_db", held_out)
    assert held_out < LEAST_DB


def trainer():
    """Skips where there is no torch."""
    pytest.importorskip(
        "torch",
        reason="torch is not installed: pip install 'render-worker[nerf]' to train a field",
    )
    from tests.integration.export import radiance

    return radiance
