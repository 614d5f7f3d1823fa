"""Zips without cameras.json, as Objaverse-XL's are: the cameras are in NNN.npy and the recipe."""

import dataclasses
import io
import json
import tarfile
import zipfile

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.integration.export import readers, scenes
from tests.integration.export.harm import unchecked
from tests.integration.export.test_nerf import UID, agrees
from worker import presets
from worker.contract.recipe import Camera
from worker.core import keys
from worker.core.errors import ConfigurationError, RenderFailed, Unsupported
from worker.export import cameras, images
from worker.export.zips import RenderZip


@pytest.fixture(scope="module")
def published():
    """The published preset, with fewer and smaller views; Filmic is Blender's to apply."""
    return presets.load(
        "objaverse-xl", ["views=6", "resolution=64", "colour.view_transform=standard"]
    )


@pytest.fixture(scope="module")
def renders(tmp_path_factory, published):
    return scenes.output(tmp_path_factory.mktemp("published") / "out", published, objects=2)


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def zip_of(files, recipe):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return RenderZip(UID, buffer.getvalue(), recipe)


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_the_published_zips_have_no_cameras_json(renders):
    files = members(renders / keys.render_zip(UID))
    names = {name.rpartition("/")[2] for name in files}
    assert names == {"metadata.json"} | {
        f"{n:03d}.{end}" for n in range(6) for end in ("png", "npy")
    }


def test_cameras_are_those_that_cameras_json_tells(tmp_path):
    recipe = scenes.recipe(
        views=5, images=("colour", "depth"), records=("cameras", "npy-3x4"), splits=scenes.SPLITS,
        depth=dataclasses.replace(scenes.recipe().depth, mode="per-view"),
    )  # fmt: skip
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    files = members(out / keys.render_zip(UID))
    told = zip_of(files, recipe).cameras
    del files[keys.member(UID, keys.CAMERAS)]
    found = zip_of(files, recipe).cameras
    assert len(found.views) == 5
    for ours, theirs in zip(found.views, told.views, strict=True):
        np.testing.assert_allclose(ours.camera_to_world, theirs.camera_to_world, atol=1e-12)
        np.testing.assert_allclose(ours.K, theirs.K, rtol=1e-12)
        assert ours.facts["depth"].keys() == {"near", "far"}
        for name in ("name", "size", "projection", "files", "facts"):
            assert getattr(ours, name) == getattr(theirs, name)
    for name in ("version", "unit", "placement", "splits"):
        assert getattr(found, name) == getattr(told, name)


def test_matrices_without_the_lenses_of_their_file_are_not_enough(tmp_path):
    recipe = scenes.recipe(views=2, records=("npy-3x4",))
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    camera = dataclasses.replace(recipe.camera, layout="file", file="/gone.json")
    zipped = zip_of(members(out / keys.render_zip(UID)), dataclasses.replace(recipe, camera=camera))
    with pytest.raises(Unsupported, match=r"add cameras to the preset's records"):
        assert zipped.cameras


def test_without_a_mask_or_depth_what_is_half_covered_is_seen(renders, published):
    zipped = zip_of(members(renders / keys.render_zip(UID)), published)
    for view in zipped.views:
        image = Image.open(io.BytesIO(zipped.read(f"{view.name}.png")))
        alpha = np.asarray(image.getchannel("A"))
        assert np.array_equal(images.mask(zipped, view), alpha >= 128)
        assert {0, 255} < set(alpha.ravel().tolist()), "edges are partly covered"


def test_a_radiance_fields_reader_sees_the_object_where_it_is(export, renders):
    to = export("nerf", renders, options={"splits": "4,1,1", "mixed_radii": True})
    for uid in scenes.uids(2):
        found = readers.blender(to / uid)
        assert [len(part) for part in found.values()] == [4, 1, 1]
        assert all(agrees(view) for part in found.values() for view in part)


def test_tars(export, renders):
    with tarfile.open(export("webdataset", renders) / "000000.tar") as tar:
        about = [json.load(tar.extractfile(name)) for name in tar.getnames() if "json" in name]
    assert len(about) == 12
    for view in about:
        pose = np.array(view["camera_to_world"])
        distance = np.linalg.norm(pose[:3, 3])
        np.testing.assert_allclose(pose[:3, 3], distance * pose[:3, 2], atol=1e-9)  # looks at 0
        assert view["K"][0][0] == pytest.approx(64 * 35 / 32)


def test_the_catalogue_asks_for_no_cameras(export, renders, tmp_path):
    bare = scenes.output(tmp_path / "bare", scenes.recipe(views=2, size=16, records=()), objects=1)
    for source, count, views, size in ((renders, 2, 6, 64), (bare, 1, 2, 16)):
        to = export("parquet", source, tmp_path / f"{count}")
        rows = pq.read_table(to / "catalogue-000000.parquet").to_pylist()
        told = {(row["outcome"], row["views"], row["width"], row["height"]) for row in rows}
        assert told == {("rendered", views, size, size)}
        assert len(rows) == count
        assert all(row["images"] == ["colour", *["depth", "mask"] * (count == 1)] for row in rows)


@pytest.mark.parametrize(
    "change",
    [
        {"records": ()},
        {"camera": Camera(fov=(30.0, 60.0))},
        {"camera": Camera(projection="orthographic")},
    ],
)
def test_where_nothing_tells_them_what_to_do_is_said(export, tmp_path, published, change):
    recipe = dataclasses.replace(published, views=2, resolution=(16, 16), **change)
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    with pytest.raises(ConfigurationError, match=r"needs cameras .*the record cameras"):
        export("nerf", out)


def huge(_):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776, 4), }".ljust(117)
    return b"\x93NUMPY\x01\x00\x76\x00" + header + b"\n"


HOSTILE = {
    "another shape": lambda _: npy(np.eye(4)),
    "no numbers": lambda _: npy(np.full((3, 4), "x")),
    "an object": lambda _: npy(np.array([{}] * 12).reshape(3, 4)),
    "not finite": lambda matrix: npy(matrix * np.nan),
    "not rigid": lambda matrix: npy(matrix * 2),
    "mirrored": lambda matrix: npy(matrix * [[-1], [1], [1]]),
    "cut off": lambda matrix: npy(matrix)[:-9],
    "huge": huge,
}


@pytest.mark.parametrize("how", HOSTILE)
def test_matrices_that_are_none_are_named(renders, published, how):
    files = members(renders / keys.render_zip(UID))
    name = keys.member(UID, "003.npy")
    files[name] = HOSTILE[how](np.load(io.BytesIO(files[name])))
    with pytest.raises(RenderFailed, match=f"{UID}.zip .*(003.npy|view 3)"):
        cameras.read(zip_of(files, published))


def test_a_zip_of_another_recipe_is_refused(export, renders, published, tmp_path):
    other = dataclasses.replace(published, camera=Camera(fov=(30.0, 30.0)))
    mixed = scenes.output(tmp_path / "mixed", other, objects=2)
    unchecked(mixed)
    path = mixed / keys.render_zip(UID)
    path.write_bytes((renders / keys.render_zip(UID)).read_bytes())
    bad = scenes.outcomes(export("nerf", mixed, options={"layout": "nerfstudio"}))[
        "https://example.org/0.glb"
    ]
    assert bad["code"] == "render"
    assert "another recipe" in bad["message"]
