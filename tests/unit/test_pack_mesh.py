"""The mesh's arrays from a child that may be hostile, and the files written of good ones."""

import io
import json
import struct

import numpy as np
import pytest
import trimesh

from tests.raw_views import RUNTIME, SCENE
from worker.codecs import mesh_ply
from worker.codecs.mesh_ply import NotMeshPly, PlyMesh
from worker.contract.mesh_keys import ARRAYS, Mesh
from worker.contract.protocol import Rendered
from worker.contract.recipe import Recipe
from worker.core.errors import RenderFailed
from worker.core.keys import MESH_GLB, MESH_PLY
from worker.index.record import ObjectRef
from worker.pack.products import mesh
from worker.sources.base import FetchedObject
from worker.supervisor.result import RenderedObject

RECIPE = Recipe(products=("mesh",))
POINTS = np.array([[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]], np.float32)
TRIANGLES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
GOOD = {
    "points": POINTS,
    "triangles": TRIANGLES,
    "normals": np.zeros((4, 3, 3)),
    "colour": np.array([0, 1, 1, 0]),
    "colours": np.array([[1, 0, 0, 1], [0, 0.25, 1, 0.5]]),
}
COUNTS = {"vertices": 4, "triangles": 4, "colours": 2, "materials_of_many_colours": 0}


def left(folder, counts=None, **arrays):
    """What a child leaves of a tetrahedron, with other `arrays` and `counts`."""
    files = {}
    for name, values in (GOOD | arrays).items():
        kind = ARRAYS[name]
        files[kind.file] = f"{name}.raw"
        np.ascontiguousarray(values, kind.dtype).tofile(folder / f"{name}.raw")
    scene = SCENE | {"mesh": COUNTS | (counts or {})}
    ref = ObjectRef(file_identifier="tetrahedron")
    return RenderedObject(
        fetched=FetchedObject(ref=ref, root=folder, model="x", sha256="0" * 64, size=1),
        scratch=folder,
        answer=Rendered(ref.uid, [], scene, RUNTIME, 1.0, files),
    )


def written(folder, **arrays):
    return {each.name: each for each in mesh.members(left(folder, **arrays), RECIPE)}


def test_a_tetrahedron(tmp_path):
    files = written(tmp_path)
    files[MESH_PLY].check(files[MESH_PLY].data)
    ply = trimesh.load(io.BytesIO(files[MESH_PLY].data), file_type="ply", process=False)
    np.testing.assert_array_equal(ply.vertices, POINTS)
    np.testing.assert_array_equal(ply.faces, TRIANGLES)
    assert ply.volume == pytest.approx(0.5**3 / 6)
    scene = trimesh.load(io.BytesIO(files[MESH_GLB].data), file_type="glb", process=False)
    parts = {tuple(part.visual.material.baseColorFactor): part for part in scene.geometry.values()}
    assert {colour: len(part.faces) for colour, part in parts.items()} == {
        (255, 0, 0, 255): 2, (0, 64, 255, 128): 2,
    }  # fmt: skip
    whole = scene.to_geometry()
    assert whole.volume == pytest.approx(0.5**3 / 6)
    # Without normals of its own, each corner has its face's.
    for part in parts.values():
        np.testing.assert_allclose(part.vertex_normals[part.faces[:, 0]], part.face_normals,
                                   atol=1e-6)  # fmt: skip


def test_the_glb_has_y_up(tmp_path):
    data = written(tmp_path)[MESH_GLB].data
    (length,) = struct.unpack_from("<I", data, 12)
    head = json.loads(data[20 : 20 + length])
    box = head["accessors"][head["meshes"][0]["primitives"][0]["attributes"]["POSITION"]]
    assert (box["min"], box["max"]) == ([0, 0, -0.5], [0.5, 0.5, 0])
    assert len(data) == struct.unpack_from("<I", data, 8)[0]
    assert all(view["byteOffset"] % 4 == 0 for view in head["bufferViews"])


def test_corners_of_one_point_and_normal_share_a_vertex(tmp_path):
    up = np.tile(np.array([0, 0, 1], np.float32), (4, 3, 1))
    data = written(tmp_path, normals=up)[MESH_GLB].data
    (length,) = struct.unpack_from("<I", data, 12)
    head = json.loads(data[20 : 20 + length])
    assert [each["count"] for each in head["accessors"]] == [4, 4, 6, 6]


def test_no_recipe_no_mesh(tmp_path):
    assert mesh.members(left(tmp_path), Recipe()) == []
    assert mesh.about(left(tmp_path), Recipe()) == {}


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"vertices": 5}, "has 48 bytes, not 60"),
        ({"triangles": 3}, "bytes, not"),
        ({"vertices": 13}, "more triangles, points or colours"),
        ({"colours": 5}, "more triangles, points or colours"),
        ({"triangles": 2_000_001, "vertices": 9}, "more triangles, points or colours"),
        ({"triangles": 1 << 62}, "does not describe its mesh"),
        ({"triangles": 0}, "does not describe its mesh"),
        ({"triangles": True}, "does not describe its mesh"),
        ({"vertices": "4"}, "does not describe its mesh"),
        ({"vertices": 4.5}, "does not describe its mesh"),
    ],
)
def test_counts_that_are_not_those_of_the_files(tmp_path, counts, said):
    with pytest.raises(RenderFailed, match=said):
        mesh.members(left(tmp_path, counts), RECIPE)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"triangles": TRIANGLES + 1}, "that it does not have"),
        ({"triangles": TRIANGLES - 1}, "that it does not have"),
        ({"colour": [0, 1, 2, 0]}, "that it does not have"),
        ({"points": POINTS * np.nan}, "points outside"),
        ({"points": POINTS * 3}, "points outside"),
        ({"points": POINTS - np.inf}, "points outside"),
        ({"normals": np.full((4, 3, 3), np.nan)}, "no numbers"),
        ({"normals": np.full((4, 3, 3), 3e38)}, "no numbers"),
        ({"colours": [[1, 0, 0, 1], [0, 2, 0, 1]]}, "colours outside"),
        ({"colours": [[1, 0, 0, 1], [0, np.nan, 0, 1]]}, "colours outside"),
        ({"points": POINTS[:3]}, "has 36 bytes, not 48"),
    ],
)
def test_arrays_that_are_no_mesh(tmp_path, arrays, said):
    with pytest.raises(RenderFailed, match=said):
        mesh.members(left(tmp_path, **arrays), RECIPE)


def test_an_object_far_from_the_origin_may_be_off_by_what_float32_loses(tmp_path):
    far = np.array([1e6 + 0.01, 0, -1e6])
    rendered = left(tmp_path, points=POINTS + far)
    box = {"bbox_min": far.tolist(), "bbox_max": (far + 0.5).tolist()}
    rendered.answer.scene.update(
        scene_size=box, placement={"scale": 1.0, "offset": [0.0, 0.0, 0.0]}
    )
    assert len(mesh.members(rendered, RECIPE)) == 2
    (tmp_path / "points.raw").write_bytes((POINTS + far + 1).astype("<f4").tobytes())
    with pytest.raises(RenderFailed, match="points outside"):
        mesh.members(rendered, RECIPE)


def test_a_recipe_of_fewer_faces(tmp_path):
    recipe = Recipe(products=("mesh",), mesh=Mesh(most_faces=3))
    with pytest.raises(RenderFailed, match="more triangles"):
        mesh.members(left(tmp_path), recipe)


def test_a_missing_file_and_one_that_is_a_link(tmp_path):
    rendered = left(tmp_path)
    (tmp_path / "points.raw").rename(tmp_path / "elsewhere")
    with pytest.raises(RenderFailed, match="cannot read"):
        mesh.members(rendered, RECIPE)
    (tmp_path / "points.raw").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RenderFailed, match="not a regular file"):
        mesh.members(rendered, RECIPE)


def harmed(data):
    header = data.index(b"end_header\n") + 11
    yield b""
    yield data[:40]
    yield data[:-1]
    yield data + b"\0"
    yield data.replace(b"words", b"w\xffrds", 1)
    yield data.replace(b"vertex 4", b"vertex 5", 1)
    yield data.replace(b"face 4", b"face 99999999999999999999", 1)
    yield data.replace(b"property float y", b"property uchar y", 1)
    yield data[:header] + b"\0\0\xc0\x7f" + data[header + 4 :]  # NaN
    yield data[:-13] + b"\4" + data[-12:]  # a face of four
    yield data[:-4] + b"\4\0\0\0"  # of a point that there is not
    yield data[:-4] + b"\xff\xff\xff\xff"


def test_a_harmed_ply_is_none():
    data = mesh_ply.encode(PlyMesh(POINTS, TRIANGLES.astype(np.int32)), ("words",))
    found = mesh_ply.decode(data)
    np.testing.assert_array_equal(found.points, POINTS)
    np.testing.assert_array_equal(found.triangles, TRIANGLES)
    for bad in harmed(data):
        with pytest.raises(NotMeshPly):
            mesh_ply.decode(bad)
