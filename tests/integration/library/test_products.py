"""Object images, scenes and meshes, read as docs/ describes them."""

import io
import zipfile

import numpy as np
import pytest

from render_worker import DamagedZip, MissingData, open_output
from tests.integration.export import posed, solids, surfaces, synthetic
from tests.integration.library import files


def test_an_object_image(surface_images):
    for found in open_output(surface_images):
        assert found.omage_sizes == [surfaces.SIZE, 64]
        assert (len(found.views), len(found.samples)) == (0, 0)
        stored = files.members(surface_images, found.uid)
        for size, name in ((None, "omage_tensor.npz"), (64, "omage_tensor_64.npz")):
            image = found.omage(size)
            with np.load(io.BytesIO(stored[name])) as npz:
                np.testing.assert_array_equal(image.raw, npz["arr_0"])
            np.testing.assert_allclose(image.values, image.raw / 65535, atol=1e-7)


def test_what_its_channels_mean(surface_images):
    """Two halves of a ball of radius 0.98, as `surfaces` makes them."""
    image = open_output(surface_images)[0].omage()
    there = surfaces.pixels()[..., 3] > 0
    np.testing.assert_array_equal(image.occupancy, there)
    np.testing.assert_allclose(np.linalg.norm(image.position[there], axis=-1), 0.98, atol=1e-4)
    assert np.isnan(image.position[~there]).all()
    np.testing.assert_allclose(image.position[there] / 0.98, image.normal[there], atol=1e-4)
    assert (image.normal[~there] == 0).all()
    np.testing.assert_allclose(image.albedo[there], [[0.8, 0.4, 0.1]] * there.sum(), atol=2e-5)
    assert (image.metallic[there] == 0).all()
    np.testing.assert_allclose(image.roughness[there], 0.5, atol=2e-5)


def test_an_object_without_an_object_image(made, surface_images):
    with pytest.raises(MissingData, match="no object image; use preset omage"):
        open_output(made)[0].omage()
    with pytest.raises(MissingData, match=r"no object image of 32 pixels, only \[64, 256\]"):
        open_output(surface_images)[0].omage(32)


def bomb():
    """An NPZ of 512 MB of zeros in 0.5 MB."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("arr_0.npy", "w") as member,
    ):
        for _ in range(512):
            member.write(bytes(1 << 20))
    return buffer.getvalue()


def saved(array, name="arr_0"):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: array})
    return buffer.getvalue()


DAMAGED = {
    "no NPZ": lambda: b"PK",
    "a bomb": bomb,
    "another array": lambda: saved(np.zeros((4, 4, 12), np.uint16), "other"),
    "another shape": lambda: saved(np.zeros((4, 5, 12), np.uint16)),
    "another type": lambda: saved(np.zeros((4, 4, 12))),
    "no pixels at all": lambda: saved(np.uint16(1)),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_object_image(what, surface_images, tmp_path):
    uid = open_output(surface_images)[0].uid
    changes = {"omage_tensor.npz": DAMAGED[what]()}
    path = files.rewritten(surface_images, uid, tmp_path, changes)
    with pytest.raises(DamagedZip, match=r"omage_tensor\.npz that is"):
        open_output(path)[0].omage()


def test_samples(rooms):
    numbers = []
    for found in open_output(rooms):
        assert len(found.views) == 0
        assert found.omage_sizes == []
        for sample in found.samples:
            numbers.append(sample.idx)
            colour, number, label, depth = synthetic.layers(sample.idx, 2)
            np.testing.assert_array_equal(sample.image, colour)
            np.testing.assert_array_equal(sample.instance, number)
            np.testing.assert_array_equal(sample.label, label)
            np.testing.assert_array_equal(sample.depth, depth)
            expected = synthetic.records(sample.idx, 2)
            for field in expected.dtype.names:
                np.testing.assert_array_equal(sample.objects[field], expected[field])
    assert sorted(numbers) == list(range(8))


def test_samples_of_8_bits(tmp_path):
    rooms = synthetic.output(tmp_path / "out", (0,), ending="png")
    for sample in open_output(rooms)[0].samples:
        np.testing.assert_allclose(sample.image, synthetic.picture(sample.idx, 1) / 255, atol=1e-7)
        with pytest.raises(MissingData, match="only 8-bit colour"):
            _ = sample.instance
        assert len(sample.objects) == 1


def test_a_damaged_sample(rooms, tmp_path):
    uid = open_output(rooms)[0].uid
    name = open_output(rooms)[0].samples[0].idx
    stem = f"img/{name:05d}"
    changes = {f"{stem}.npy": b"", f"{stem}.exr": b"no EXR"}
    (sample, *_) = open_output(files.rewritten(rooms, uid, tmp_path, changes))[0].samples
    with pytest.raises(DamagedZip, match=rf"{stem}\.npy that is not a complete NPY"):
        _ = sample.objects
    with pytest.raises(DamagedZip, match=rf"{stem}\.exr that is not a complete EXR"):
        _ = sample.depth


def test_meshes_of_samples_are_where_they_are_seen(rooms, tmp_path):
    out = posed.output(tmp_path / "out")
    for found in open_output(out):
        for sample in found.samples:
            solids_there = posed.world(sample.idx)
            assert len(sample.meshes) == len(solids_there) == 3
            for mesh, solid in zip(sample.meshes, solids_there, strict=True):
                np.testing.assert_allclose(mesh.points[mesh.triangles], solid, atol=1e-5)
    with pytest.raises(MissingData, match=r"has no models/.*\.ply; render with products"):
        _ = open_output(rooms)[0].samples[0].meshes
    changes = {"metadata.json": lambda told: {**told, "samples": []}}
    uid = open_output(out)[0].uid
    (harmed, *_) = open_output(files.rewritten(out, uid, tmp_path, changes))[0].samples
    with pytest.raises(DamagedZip, match="no objects of sample"):
        _ = harmed.meshes


def test_metadata_of_real_scenes_is_told(rooms, tmp_path):
    uid = open_output(rooms)[0].uid
    first = open_output(rooms)[0].samples[0].idx
    about = {"idx": first, "objects": [{"class_name": "chair", "visible": 12}]}
    changes = {"metadata.json": lambda told: {**told, "samples": [about], "classes": ["chair"]}}
    (found,) = open_output(files.rewritten(rooms, uid, tmp_path, changes))
    assert found.samples[0].about == about
    assert found.samples[1].about == {}
    assert found.classes == ["chair"]


def test_a_mesh(with_meshes, made):
    for found in open_output(with_meshes):
        mesh, wanted = found.mesh, solids.balls()
        np.testing.assert_allclose(mesh.points, wanted.vertices, atol=1e-7)
        np.testing.assert_array_equal(mesh.triangles, wanted.faces)
        assert (mesh.points >= found.bbox[0] - 1e-6).all()
    with pytest.raises(MissingData, match="has no mesh; render with products"):
        _ = open_output(made)[0].mesh


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1],
        lambda data: data[:200],
        lambda data: data.replace(b"element vertex ", b"element vertex 9", 1),
        lambda data: data.replace(b"float x", b"uchar x", 1),
        lambda data: data[:-13] + b"\4" + data[-12:],
        lambda data: data[:-4] + b"\xff\xff\xff\x7f",
        lambda data: data[:-4] + b"\xff\xff\xff\xff",
    ],
)
def test_a_damaged_mesh(with_meshes, tmp_path, harm):
    uid = open_output(with_meshes)[0].uid
    data = files.members(with_meshes, uid)["mesh.ply"]
    path = files.rewritten(with_meshes, uid, tmp_path, {"mesh.ply": harm(data)})
    with pytest.raises(DamagedZip, match=r"has a mesh\.ply that is"):
        _ = open_output(path)[0].mesh
