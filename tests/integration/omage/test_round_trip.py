"""From an object to its image and back to a mesh: it is the same object."""

import io

import numpy as np
import pytest
import trimesh

from tests.integration.proof.test_unproject import REAL, SHARED, Y_UP
from tests.proof_helpers import normalised
from worker.omage import glb, npz_files
from worker.omage.mesh import mesh_of

FROM_Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])


def sampled(triangles, count, seed):
    random = np.random.default_rng(seed)
    a, b, c = triangles.transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = random.choice(len(triangles), count, p=area / area.sum())
    u, v = np.sort(random.random((2, count, 1)), axis=0)
    return a[chosen] * u + b[chosen] * (v - u) + c[chosen] * (1 - v)


def farness(points, others):
    """Mean distance from `points` to the nearest of `others`."""
    found = []
    for part in np.array_split(points, 30):
        squares = (part**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * part @ others.T
        found.append(np.sqrt(np.maximum(squares.min(axis=1), 0)))
    return np.concatenate(found).mean()


def chamfer(one, two, count=60_000):
    """Not less than the surfaces' Chamfer distance: by points of both, some 3e-3 too much."""
    dense = [sampled(each, count, seed) for seed, each in enumerate((one, two))]
    few = [sampled(each, 1500, seed + 9) for seed, each in enumerate((one, two))]
    return (farness(few[0], dense[1]) + farness(few[1], dense[0])) / 2


def original(path):
    """The file's triangles as an independent reader has them, Z up, longest side 1."""
    mesh = trimesh.load(path, force="mesh", process=False)
    turned = FROM_Y_UP if path.suffix[1:] in Y_UP else np.eye(3)
    return normalised(mesh.triangles @ turned)


def back(omage):
    """The triangles of the mesh made of it, read from its GLB; in units of the longest side."""
    data = glb.encode(mesh_of(omage), omage)
    scene = trimesh.load(io.BytesIO(data), file_type="glb")
    (part,) = scene.geometry.values()
    return part.triangles @ FROM_Y_UP / 1.9999


def test_the_measure_itself():
    square = np.array([[[0, 0, 0], [1, 0, 0], [1, 1, 0]], [[0, 0, 0], [1, 1, 0], [0, 1, 0]]], float)
    assert chamfer(square, square) < 4e-3
    assert chamfer(square, square + np.array([0, 0, 0.05])) == pytest.approx(0.05, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["pawn.glb", "rocket.glb", "crate.obj", "gear.stl", "knot.ply", "instances.glb"]
)
def test_round_trip(bake, studio, name):
    baked = bake(name, "resolution=1024")
    wanted = original(studio.sample(name))
    made = back(npz_files.values(npz_files.decode(baked.members["omage_tensor.npz"])))
    assert chamfer(wanted, made) < 1e-2
    small = back(npz_files.values(npz_files.decode(baked.members["omage_tensor_64.npz"])))
    assert chamfer(wanted, small) < 2e-2


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL)
def test_round_trip_of_real_objects(bake, name, record_property):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"NOT TESTED on a real object: no {path.name} beside the checkout")
    baked = bake(path, "resolution=1024")
    made = back(npz_files.values(npz_files.decode(baked.members["omage_tensor.npz"])))
    far = chamfer(original(path), made)
    record_property("Chamfer distance, at most", float(far))
    assert far < 1e-2
