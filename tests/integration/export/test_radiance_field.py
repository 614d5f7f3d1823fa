"""A field trained on an export shows views it has not seen: poses and intrinsics are right."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from examples.nerf import measuring
from examples.nerf import scene as scenes
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
QUICK = {"reach": 0.6, "stages": ((33, 60), (49, 80)), "batch": 2048}
"""Settings of the training: the object is in the unit cube."""


def as_they_are(views):
    return views


def zoomed(views):
    return dataclasses.replace(views, focal=1.2 * views.focal)


def upside_down(views):
    turned = views.poses.copy()
    turned[:, :3, 1] *= -1
    return dataclasses.replace(views, poses=turned)


WRONG = {"focal length": zoomed, "axes": upside_down}


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


def copying(scene):
    """Mean over the held-out views of the PSNR of the training view that is most like it, dB."""
    train, held_out = (scenes.read(scene, split).on(measuring.WHITE) for split in ("train", "test"))
    errors = [((train - view) ** 2).mean(axis=(1, 2, 3)).min() for view in held_out]
    return float(np.mean(-10 * np.log10(errors)))


def trained(scene, as_told):
    """Mean PSNR (dB) over the held-out views of a field trained on the scene's cameras `as_told`.

    Skips where there is no torch.
    """
    pytest.importorskip("torch", reason="torch is not installed: make nerf installs it")
    from examples.nerf import training

    train, held_out = (as_told(scenes.read(scene, split)) for split in ("train", "test"))
    field = training.train(train, dataclasses.replace(training.Settings(), **QUICK))
    shown = training.show(field, held_out, measuring.WHITE)
    return measuring.quality(shown, held_out).summary()["psnr_db"]


@pytest.mark.slow
def test_held_out_views_are_like_none_that_were_seen(scene, record_property):
    best = copying(scene)
    record_property("copied_db", best)
    assert best < LEAST_DB - ABOVE_COPYING_DB


@pytest.mark.nerf
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_field_shows_held_out_views(scene, record_property):
    held_out = trained(scene, as_they_are)
    record_property("held_out_db", held_out)
    assert held_out >= LEAST_DB
    assert held_out >= copying(scene) + ABOVE_COPYING_DB


@pytest.mark.nerf
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("what", WRONG)
def test_a_field_trained_on_wrong_cameras_misses(scene, what, record_property):
    """So the bound tells right from wrong, whatever a field can make up for."""
    held_out = trained(scene, WRONG[what])
    record_property("held_out_db", held_out)
    assert held_out < LEAST_DB
