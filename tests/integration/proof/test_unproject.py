"""Depth, taken back into the world by the stored K and pose, lands on the object's own mesh.

The mesh is read by trimesh and normalised here, so Blender's importers are checked as well.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from tests.proof_helpers import face_normals, normalised, project, share_near, unprojected
from worker.contract.protocol import View

SHARED = Path(__file__).parents[4] / "shared" / "objects"
NEAR = 2e-3
Y_UP = {"glb", "gltf", "obj"}
"""Formats that Blender turns when it imports them: (x, y, z) becomes (x, -z, y)."""
REAL = ["example.glb", "example.obj", "example.stl", "example.ply", "example-embedded.gltf"]
UNREAD = ["example-linked.gltf", "example.abc", "example.blend", "example.dae", "example.fbx"]
"""The same object in formats that trimesh does not read."""
STEEP = 10
PLACES = [[0.5, -1.7, 0.8], [1.2, -1.2, 1.0], [-0.4, -1.8, 0.3]]
CAMERA = {"layout": "fixed", "fixed": PLACES, "ortho_scale": 1.5}
KEYS = {"views": 3, "resolution": 160, "samples": 1, "images": ["depth-npy", "depth"]}
SAMPLES = ["pawn.glb", "rocket.glb", "crate.obj", "gear.stl", "knot.ply", "mushroom.gltf"]
HARD = ["roots.glb", "mirrored.glb", "huge.glb", "tiny.glb", "off_centre.glb"]


def mesh_of(path):
    """Triangles (N,3,3) in the normalised world."""
    scene = trimesh.load_scene(path, process=False)
    triangles = scene.to_mesh().triangles
    if path.suffix[1:] in Y_UP:
        triangles = np.stack([triangles[..., 0], -triangles[..., 2], triangles[..., 1]], -1)
    return normalised(np.asarray(triangles, float))


def clouds(shot, kind):
    """Of each view, as stored: its camera, depth, world points (H,W,3)."""
    found = []
    for entry in json.loads(shot.members["cameras.json"])["views"]:
        depth = shot.image(entry["files"][kind]).astype(float)
        if kind == "depth":
            depth = np.where(depth == 65535, np.inf, depth * 5 / 65535)
        with np.errstate(invalid="ignore"):
            found.append((entry, depth, unprojected(depth, entry)))
    return found


def lands_on(shot, triangles):
    """Smallest share of a view's points that lie within NEAR of the mesh, over both encodings."""
    shares = []
    for kind in ("depth-npy", "depth"):
        for _, depth, points in clouds(shot, kind):
            seen = np.isfinite(depth)
            assert seen.sum() > 50
            shares.append(share_near(points[seen][::5], triangles, NEAR))
    return min(shares)


def agreement(shot, triangles):
    """Of one view's points within another's frame: shares that contradict it, and that agree.

    A contradiction lies in space that the other view sees through, by more than a pixel's width.
    Of the points that are not behind what the other sees, nor at an edge of it, those agree that
    lie within NEAR of the plane of the face that one of the nine nearest pixels' points is on.
    """
    floating = agree = visible = total = 0
    views = clouds(shot, "depth-npy")
    faces = [face_normals(points, triangles, NEAR) for _, _, points in views]
    for one, (_, depth, points) in enumerate(views):
        for two, (entry, other, theirs) in enumerate(views):
            if one == two:
                continue
            normals = faces[two]
            seen = points[np.isfinite(depth)]
            names = ("name", "camera_to_world", "K", "width", "height", "projection")
            u, v, far = project(seen, View(*(entry[name] for name in names), {})).T
            inside = (u >= 1) & (v >= 1) & (u < entry["width"] - 1) & (v < entry["height"] - 1)
            seen, far = seen[inside], far[inside]
            row, column = v[inside].astype(int), u[inside].astype(int)
            beside = [(row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
            around = np.stack([other[place] for place in beside])
            width = (far if entry["projection"] == "perspective" else 1.0) / entry["K"][0][0]
            floating += (far < around.min(axis=0) - NEAR - width).sum()
            with np.errstate(invalid="ignore"):
                whole = np.ptp(around, axis=0) < STEEP * width  # no edge between these pixels
            front = whole & (far < around.max(axis=0) + NEAR)
            with np.errstate(invalid="ignore"):
                gaps = [np.abs(((seen - theirs[at]) * normals[at]).sum(-1))[front] for at in beside]
            agree += (np.nan_to_num(gaps, nan=np.inf).min(axis=0) <= NEAR).sum()
            visible += front.sum()
            total += inside.sum()
    assert visible > 0.1 * total, "these views do not see each other's points"
    return floating / total, agree / visible


def prove(shot, path, record_property):
    triangles = mesh_of(path)
    share = lands_on(shot, triangles)
    floating, agree = agreement(shot, triangles)
    record_property("share within 2e-3 of the mesh", float(share))
    record_property("share that contradicts another view", float(floating))
    record_property("share that agrees with another view", float(agree))
    assert share >= 0.999
    assert floating <= 1e-3
    assert agree >= 0.99  # the rest is on faces that lie between the other view's pixels


CASES = [(name, "perspective") for name in (*SAMPLES, *HARD)]
CASES += [(name, "orthographic") for name in ("pawn.glb", "roots.glb")]


@pytest.mark.parametrize(("name", "projection"), CASES)
def test_points_land_on_the_mesh_and_views_agree(studio, name, projection, record_property):
    shot = studio.shoot(name, camera={**CAMERA, "projection": projection}, **KEYS)
    prove(shot, studio.sample(name), record_property)


@pytest.mark.parametrize("name", [*REAL, *UNREAD])
def test_real_objects(studio, name, record_property):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"NOT TESTED on a real object: no {path.name} beside the checkout")
    if name.endswith(".abc") and studio.blender == "debian":
        pytest.skip("Debian's Blender reads no Alembic")
    mesh = path if name in REAL else path.with_name("example.obj")
    prove(studio.shoot(path, camera=CAMERA, **KEYS), mesh, record_property)
