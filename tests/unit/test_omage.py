"""Object images on the host: files, the reduction, the mesh and its GLB."""

import io
import zipfile

import numpy as np
import pytest
import trimesh
from PIL import Image

from worker.contract.omage_reduction import borders, reduced
from worker.omage import glb, npz_files, occupied
from worker.omage.mesh import mesh_of
from worker.omage.npz_files import NotOmage


def ball(size=128, gap=40):
    """A ball's halves as two charts, seen from above and below; exact in every pixel."""
    omage = np.zeros((size, size, 12), np.float32)
    radius = (size - gap) / 4
    v, u = np.mgrid[0:size, 0:size].astype(float)
    for side, centre in ((1, size / 4), (-1, 3 * size / 4)):
        x, y = (u - centre) / radius * 0.95, (v - size / 2) / radius * 0.95
        there = x**2 + y**2 < 0.9
        z = side * np.sqrt(np.maximum(1 - x**2 - y**2, 0))
        place = np.stack([x, y, z], -1)
        omage[there, 0:3] = (place[there] + 1) / 2
        omage[there, 3] = 1
        omage[there, 4:7] = (place[there] + 1) / 2
        omage[there, 7:10] = (0.8, 0.2, 0.05) if side > 0 else (0.1, 0.2, 0.9)
        omage[there, 10], omage[there, 11] = 0.25, 0.75
    return omage


def test_values_are_truncated_and_read_as_others_do():
    omage = ball()
    data = npz_files.encode(npz_files.quantised(omage))
    array = np.load(io.BytesIO(data))["arr_0"]
    assert array.dtype == np.uint16
    assert (array == (omage.astype(float) * 65535).astype(int)).all()
    assert npz_files.encode(npz_files.quantised(omage)) == data
    assert np.abs(npz_files.values(npz_files.decode(data)) - omage).max() < 1 / 65535


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def headed(header):
    """An .npz whose NPY has such a header."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        size = len(header).to_bytes(2, "little")
        archive.writestr("arr_0.npy", b"\x93NUMPY\x01\x00" + size + header)
    return buffer.getvalue()


def packed(method):
    """A valid .npz, compressed as numpy compresses none."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, archive.open("arr_0.npy", "w") as file:
        np.save(file, np.zeros((4, 4, 12), np.uint16))
    return buffer.getvalue()


def bomb():
    """An .npz whose list of contents says 1100 MB: no more is asked of it, none is unpacked."""
    data = bytearray(npz(arr_0=np.zeros((4, 4, 12), np.uint16)))
    unpacked = data.index(b"PK\x01\x02") + 24
    data[unpacked : unpacked + 4] = (1100 << 20).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a complete .npz file"),
        (packed(zipfile.ZIP_LZMA), "other than deflate"),
        (packed(zipfile.ZIP_BZIP2), "other than deflate"),
        (npz(arr_0=np.zeros((4, 4, 12), np.uint16))[:-30], "not a complete .npz file"),
        (npz(other=np.zeros(1)), "no array 'arr_0'"),
        (npz(arr_0=np.zeros((4, 5, 12), np.uint16)), "not .R, R, 12"),
        (npz(arr_0=np.float64(3)), "not .R, R, 12"),
        (npz(arr_0=np.zeros((4, 4, 12), np.int64)), "int64"),
        (npz(arr_0=np.array([[[None] * 12]], object)), "not a complete .npz file"),
        (npz(arr_0=np.zeros((1, 1, 12), np.uint16)), "pixels wide"),
        (headed(b"(" * 5000), "not a complete .npz file"),
        (
            headed(b"{'descr': '<u2', 'fortran_order': 01, 'shape': (4, 4, 12)}"),
            "not a complete .npz file",
        ),
        (headed(b"{'descr':'<u2','fortran_order':False,'shape':(" + b"9" * 40 + b",)}"), "not a"),
    ],
)
def test_what_is_no_object_image(data, why):
    with pytest.raises(NotOmage, match=why):
        npz_files.decode(data)


def test_a_file_that_unpacks_to_too_much():
    with pytest.raises(NotOmage, match="1100 MB"):
        npz_files.decode(bomb())


def test_borders_are_what_erosion_takes_away():
    there = np.zeros((8, 8), bool)
    there[2:6, 0:5] = True
    assert borders(there).sum() == 20 - 6
    assert not borders(there)[3:5, 1:4].any()
    assert borders(np.ones((3, 3), bool)).sum() == 8  # the image's end is a border


def test_the_reduction_block_by_block():
    random = np.random.default_rng(3)
    omage = random.random((64, 64, 12)).astype(np.float32)
    omage[..., 3] = 0
    omage[5:40, 9:52, 3] = 1
    small = reduced(omage, 4)
    edge = borders(occupied(omage))
    for i in range(4):
        for j in range(4):
            block = omage[16 * i : 16 * i + 16, 16 * j : 16 * j + 16]
            held = edge[16 * i : 16 * i + 16, 16 * j : 16 * j + 16]
            wanted = block[held].mean(axis=0) if held.any() else block[8, 8]
            assert small[i, j] == pytest.approx(wanted, abs=1e-6)
    assert set(np.unique(small[..., 3])) <= {0.0, 1.0}


def test_border_texels_stay_on_true_borders():
    omage = ball(512, gap=64)
    small = reduced(omage, 32)
    height = np.abs(small[..., 2] * 2 - 1)[borders(occupied(small))]
    true = np.abs(omage[..., 2] * 2 - 1)[borders(occupied(omage))]
    assert np.abs(height - true.mean()).max() < 0.05


def test_the_mesh_lies_on_the_ball_outside_out():
    mesh = mesh_of(ball(384))
    solid = trimesh.Trimesh(mesh.points, mesh.triangles, process=False)
    assert np.linalg.norm(mesh.points, axis=1) == pytest.approx(1.0, abs=1e-3)
    assert ((solid.triangles_center * solid.face_normals).sum(axis=1) > 0.99).all()
    halves = trimesh.graph.connected_components(solid.edges)
    assert len([part for part in halves if len(part) > 1]) == 2
    assert solid.area == pytest.approx(4 * np.pi * (1 - np.sqrt(1 - 0.9)), rel=0.05)


def test_nothing_is_joined_across_the_ends():
    omage = np.zeros((6, 6, 12), np.float32)
    omage[:, [0, 5], 3] = 1
    omage[[0, 5], :, 3] = 1
    assert len(mesh_of(omage).triangles) == 0
    omage[..., 3] = 1
    assert len(mesh_of(omage).triangles) == 2 * 25


def test_two_triangles_where_four_pixels_are_there_none_where_three_are():
    omage = np.zeros((4, 4, 12), np.float32)
    omage[1:3, 1:3, 3] = 1
    assert len(mesh_of(omage).triangles) == 2
    omage[2, 2, 3] = 0
    assert len(mesh_of(omage).triangles) == 0


def test_glb_is_read_by_others_and_has_its_colours():
    omage = ball()
    loaded = trimesh.load(io.BytesIO(glb.encode(mesh_of(omage), omage)), file_type="glb")
    (part,) = loaded.geometry.values()
    assert len(part.faces) == len(mesh_of(omage).triangles)
    material = part.visual.material
    assert isinstance(material.baseColorTexture, Image.Image)
    colours = material.to_color(part.visual.uv)[:, :3] / 255
    upper = part.vertices[:, 1] > 0.4  # Y up there
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    assert linear[upper] == pytest.approx(np.tile([0.8, 0.2, 0.05], (upper.sum(), 1)), abs=0.01)
    other = material.metallicRoughnessTexture.getpixel((32, 64))
    assert other[1:3] == (191, 64)
