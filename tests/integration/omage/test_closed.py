"""Baked object images are closed where the object is, as readers make a mesh of them."""

import io

import numpy as np
import pytest

from tests.readers.omages import meshed
from tools.omage_table import SOLIDS, solid


def stored(baked, size):
    name = "omage_tensor.npz" if size == 256 else f"omage_tensor_{size}.npz"
    return np.load(io.BytesIO(baked.members[name]))["arr_0"]


def closed(baked, size, diagonal=0):
    """Whether the image's mesh is, with vertices of equal stored positions merged."""
    return meshed(stored(baked, size), diagonal).is_watertight


@pytest.mark.parametrize("size", [256, 64])
@pytest.mark.parametrize("name", ["cube.glb", "crate.obj"])
def test_a_sample_is_closed(bake, name, size):
    baked = bake(name)
    assert baked.facts["open_edges"] == {"256": 0, "64": 0}
    assert closed(baked, size)
    assert closed(baked, size, 1)


@pytest.mark.parametrize("name", ["torus", "vase", "cone-sharp", "icosahedron"])
def test_a_solid_is_closed(bake, tmp_path, name):
    baked = bake(solid(name, tmp_path))
    assert baked.facts["surface_kept"] == 1.0
    assert baked.facts["untraced_charts"] == {"256": 0, "64": 0}
    for size in (256, 64):
        made = meshed(stored(baked, size))
        assert made.is_watertight
        mesh = SOLIDS[name]()
        wanted = mesh.area * (1.9999 / np.ptp(mesh.bounds, axis=0).max()) ** 2
        assert made.area == pytest.approx(wanted, rel=0.02 if size == 256 else 0.1)


def test_what_says_how_many_edges_are_open(bake, obj):
    """A square is open all around."""
    baked = bake(obj("v -1 -1 0", "v 1 -1 0", "v 1 1 0", "v -1 1 0", "f 1 2 3 4"))
    for size in (256, 64):
        _, times = np.unique(meshed(stored(baked, size)).edges_sorted, axis=0, return_counts=True)
        assert baked.facts["open_edges"][str(size)] == (times != 2).sum() > 0
