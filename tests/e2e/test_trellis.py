"""From objects to TRELLIS's tree by the commands a person types, with Blender's own views."""

import subprocess
import sys

import numpy as np
import pytest

from tests.command_line import ROOT, listing, run_worker
from tests.readers import trellis_data

SMALL = ["--device", "cpu", "--set", "resolution=64", "--set", "samples=4", "--set", "views=3",
         "--set", "cycles.denoise=false"]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with both outputs and the tree, and one more output of the same objects."""
    folder = tmp_path_factory.mktemp("trellis")
    models = folder / "models"
    done = subprocess.run(
        [sys.executable, "-m", "tests.sample_models", models, "crate.obj", "pawn.glb"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for preset, name in (("trellis", "solids"), ("trellis-cond", "cond"), ("trellis", "again")):
        run_worker("run", models, "--preset", preset, "--output", folder / name, *SMALL, check=0)
    run_worker("export", "trellis", "--input", folder / "solids", "--cond", folder / "cond",
               "--to", folder / "tree", check=0)  # fmt: skip
    return folder


def test_the_zips_with_meshes_have_the_same_bytes_again(made):
    assert listing(made / "solids") == listing(made / "again")


def test_the_mesh_lies_where_all_views_show_the_object(made):
    tree = made / "tree"
    shas = trellis_data.instances(tree)
    assert len(shas) == 2
    assert trellis_data.instances(tree, conditioned=True) == shas
    for sha256 in shas:
        centres = trellis_data.voxels(tree, sha256)
        assert np.abs(centres).max() == pytest.approx(0.5, abs=1 / trellis_data.GRID)
        for folder in ("renders", "renders_cond"):
            views = list(trellis_data.views(tree, sha256, folder))
            assert len(views) == 3
            for image, extrinsics, k in views:
                size = len(image)
                at = trellis_data.project(centres, extrinsics, k)
                shown = np.zeros((size, size), bool)
                column, row = np.clip(np.floor(at * size).astype(int), 0, size - 1).T
                shown[row, column] = True
                grown = np.pad(image[..., 3] > 0, 1)
                near = np.any([grown[1 + y : size + 1 + y, 1 + x : size + 1 + x]
                               for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0)  # fmt: skip
                assert near[shown].mean() > 0.99
                assert shown[image[..., 3] == 255].mean() > 0.9
