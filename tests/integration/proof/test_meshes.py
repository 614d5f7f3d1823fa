"""The mesh of a zip, read by trimesh, against geometry, and against its own cameras and depth."""

import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import trimesh

from tests.blenders import REPOSITORY
from tests.patience import HANG_S
from tests.proof_helpers import iou, see, share_near, unprojected
from worker.core.errors import TooLarge
from worker.core.keys import MESH_GLB, MESH_PLY

MESH = {"products": ["mesh"]}
Z_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
"""Times it, a row (x, y, z) of glTF's axes is (x, -z, y)."""


def ply(shot) -> trimesh.Trimesh:
    return trimesh.load(io.BytesIO(shot.members[MESH_PLY]), file_type="ply", process=False)


def glb(shot) -> trimesh.Scene:
    return trimesh.load(io.BytesIO(shot.members[MESH_GLB]), file_type="glb", process=False)


def glb_points(shot):
    """Triangles (T,3,3) of the GLB, turned back to Z up."""
    return glb(shot).to_geometry().triangles @ Z_UP


SIZES = {
    "cube.glb": ((1.0, 1.0, 1.0), 1.0),
    "marks.glb": ((1.0, 6.3 / 10.3, 4.3 / 10.3), 5 * (0.3 / 10.3) ** 3),
    "mirrored.blend": ((1.0, 0.7, 1.0), 0.274),
    "off_centre.glb": ((1.0, 0.7, 1.0), 0.274),
    "huge.glb": ((1.0, 0.7, 1.0), 0.274),
}
"""Sides of the bounding box and volume, in the normalised world; outsides face out."""


@pytest.mark.parametrize("name", SIZES)
def test_box_and_volume_are_those_of_the_normalised_object(studio, name):
    shot = studio.shoot(name, **MESH)
    sides, volume = SIZES[name]
    for mesh in (ply(shot), trimesh.Trimesh(**trimesh.triangles.to_kwargs(glb_points(shot)))):
        np.testing.assert_allclose(mesh.bounds, [-np.array(sides) / 2, np.array(sides) / 2],
                                   atol=1e-5)  # fmt: skip
        assert mesh.volume == pytest.approx(volume, rel=2e-4)  # positive: outsides face out


def test_a_sphere_has_its_volume_and_its_normals(studio):
    mesh = glb(studio.shoot("sphere.glb", **MESH)).to_geometry()
    np.testing.assert_allclose(np.linalg.norm(mesh.vertices, axis=1), 0.5, atol=1e-4)
    np.testing.assert_allclose(mesh.vertex_normals, mesh.vertices * 2, atol=0.02)
    assert mesh.volume == pytest.approx(np.pi / 6, rel=0.01)


@pytest.mark.parametrize("name", ["cube.glb", "marks.glb", "instances.blend", "metaballs.blend"])
def test_the_masks_and_depths_of_the_same_zip_show_it(studio, name):
    """The mesh through the stored cameras gives the mask, and depth puts points on the mesh."""
    shot = studio.shoot(name, images=["colour", "depth-npy", "mask"], **MESH)
    triangles = ply(shot).triangles
    cameras = json.loads(shot.members["cameras.json"])["views"]
    for view, camera in zip(shot.views, cameras, strict=True):
        seen = np.isfinite(see(triangles, view, sub=1).depth)
        mask = shot.image(f"{view.name}_mask.png") > 0
        assert iou(seen, mask) > 0.99
        depth = shot.image(f"{view.name}_depth.npy")
        points = unprojected(depth, camera)[mask]
        assert share_near(points, triangles, 1e-3) == 1.0


@pytest.mark.parametrize(
    "keys", [{"subject": {"normalise": "unit-sphere", "size": 0.5}}, {"subject": {"size": 0.7}}]
)
def test_it_is_in_the_world_of_the_recipe(studio, keys):
    mesh = ply(studio.shoot("cube.glb", **MESH, **keys))
    side = 1 / np.sqrt(3) if "normalise" in keys["subject"] else 0.7
    np.testing.assert_allclose(mesh.bounds, [[-side / 2] * 3, [side / 2] * 3], atol=1e-6)


def test_both_files_have_the_same_triangles(studio):
    shot = studio.shoot("marks.glb", **MESH)
    one, two = ply(shot).triangles, glb_points(shot)
    order = [np.lexsort(each.reshape(-1, 9).round(6).T) for each in (one, two)]
    np.testing.assert_allclose(one[order[0]], two[order[1]], atol=1e-6)


def test_base_colours_are_those_of_the_materials(studio):
    shot = studio.shoot("marks.glb", **MESH)
    found = {
        tuple(np.round(mesh.visual.material.baseColorFactor[:3] / 255).astype(int).tolist())
        for mesh in glb(shot).geometry.values()
    }
    assert found == {(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1)}
    about = json.loads(shot.members["metadata.json"])["render_worker"]["mesh"]
    assert (about["triangles"], about["materials_of_many_colours"]) == (60, 0)
    pictured = studio.shoot("ramp.glb", **MESH)
    assert pictured.facts["mesh"]["materials_of_many_colours"] == 1


def test_a_second_run_gives_the_same_bytes_and_the_views_do_not_change(studio):
    first = studio.shoot("furnished.blend", **MESH)
    again = studio.shoot("furnished.blend", again=True, **MESH)
    for name, data in first.members.items():
        assert again.members[name] == data, name
    without = studio.shoot("furnished.blend")
    for name in set(without.members) - {"metadata.json"}:
        assert without.members[name] == first.members[name], name
    assert set(first.members) - set(without.members) == {MESH_GLB, MESH_PLY}


def test_the_pose_of_the_first_view(studio):
    """Of an animation spread over the views: the object is measured over all of them."""
    shot = studio.shoot(
        "moving.glb", subject={"pose": "spread"}, images=["colour", "mask"], views=3, **MESH
    )
    seen = np.isfinite(see(ply(shot).triangles, shot.views[0], sub=1).depth)
    assert iou(seen, shot.image("000_mask.png") > 0) > 0.98


def test_it_is_in_the_world_of_object_images_too(studio):
    shot = studio.shoot(
        "cube.glb", product="omage", resolution=64, samples=1, omage={"small": 64}, **MESH
    )
    np.testing.assert_allclose(ply(shot).bounds, [[-0.99995] * 3, [0.99995] * 3], atol=1e-6)


def test_more_triangles_than_the_recipe_allows(studio):
    with pytest.raises(TooLarge, match=r"more than 11 triangles \(mesh.most_faces\)"):
        studio.shoot("cube.glb", mesh={"most_faces": 11}, **MESH)


def test_the_docs_lines_project_it(studio, tmp_path):
    shot = studio.shoot("cube.glb", **MESH)
    for name, data in shot.members.items():
        (tmp_path / name).write_bytes(data)
    page = (REPOSITORY / "docs" / "meshes.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    code += "print(abs(pixels[:, :2] / pixels[:, 2:] - 32).max() < 32)\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True,
                          text=True, timeout=HANG_S, check=False)  # fmt: skip
    assert done.stdout.endswith("True\n"), done.stderr
