"""One object's zip: its members, their contents, the same bytes each time, damage refused."""

import dataclasses
import hashlib
import io
import json
import os
import zipfile

import msgspec
import numpy as np
import pytest
from PIL import Image

from tests.raw_views import RUNTIME, SCENE, rendered_object, write_exr
from worker import __version__, presets
from worker.codecs import image_formats
from worker.core import keys
from worker.core.errors import NodeError, RenderFailed
from worker.pack import archive
from worker.pack.pack import pack

SMALL = ["views=3", "resolution=[32,24]"]
DEFAULT = presets.load("default", SMALL)
PUBLISHED = presets.load("objaverse-xl", SMALL)


def changed(rendered, **changes):
    """The same object, its first view changed."""
    first, *rest = rendered.answer.views
    views = [dataclasses.replace(first, **changes), *rest]
    answer = dataclasses.replace(rendered.answer, views=views)
    return msgspec.structs.replace(rendered, answer=answer)


@pytest.fixture
def rendered(tmp_path):
    return rendered_object(tmp_path / "raw", DEFAULT)


@pytest.fixture
def published(tmp_path):
    return rendered_object(tmp_path / "raw-published", PUBLISHED)


def test_members_are_those_of_objaverse_xl(tmp_path, published):
    packed = pack(published, PUBLISHED, tmp_path)
    uid = keys.uid_of(published.fetched.ref.file_identifier)
    assert packed.path == tmp_path / f"{uid}.zip"
    with zipfile.ZipFile(packed.path) as zipped:
        assert zipped.testzip() is None
        assert zipped.namelist() == [
            f"{uid}/000.npy", f"{uid}/000.png", f"{uid}/001.npy", f"{uid}/001.png",
            f"{uid}/002.npy", f"{uid}/002.png", f"{uid}/metadata.json",
        ]  # fmt: skip
        for info in zipped.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.compress_type == zipfile.ZIP_STORED
            assert info.external_attr >> 16 == 0o100644
    data = packed.path.read_bytes()
    assert (packed.sha256, packed.size) == (hashlib.sha256(data).hexdigest(), len(data))
    assert (packed.views, packed.runtime, packed.render_s) == (3, RUNTIME, 1.5)
    assert packed.ref == published.fetched.ref
    assert sorted(p.name for p in tmp_path.iterdir()) == [packed.path.name, "raw-published"]


def test_the_npy_is_read_as_objaverse_xl_readers_do(tmp_path, published):
    packed = pack(published, PUBLISHED, tmp_path)
    with zipfile.ZipFile(packed.path) as zipped:
        for view in published.answer.views:
            name = keys.member(packed.ref.uid, f"{view.name}.npy")
            matrix = np.load(io.BytesIO(zipped.read(name)))
            assert (matrix.shape, matrix.dtype) == ((3, 4), np.float64)
            rotation, translation = matrix[:3, :3], matrix[:3, 3]
            pose = np.array(view.camera_to_world)
            np.testing.assert_allclose(-rotation.T @ translation, pose[:3, 3], atol=1e-12)
            assert (rotation @ [0, 0, 0] + translation)[2] < 0, "the object is down -z"


def test_the_metadata_has_all_keys(tmp_path, published):
    packed = pack(published, PUBLISHED, tmp_path)
    with zipfile.ZipFile(packed.path) as zipped:
        data = zipped.read(keys.member(packed.ref.uid, "metadata.json"))
    document = json.loads(data)
    assert list(document) == sorted(document)
    assert data.startswith(b'{\n  "animation_count": 0,\n')
    own = document.pop("render_worker")
    told = {name: fact for name, fact in SCENE.items() if name != "placement"}
    assert {name: document.pop(name) for name in told} == told
    assert own["placement"] == SCENE["placement"]
    assert document == {
        "file_identifier": "https://example.org/models/ball.glb",
        "file_size": 1234,
        "metadata": {"author": "someone"},
        "save_uid": packed.ref.uid,
        "sha256": "ab" * 32,
    }
    assert own["version"] == __version__
    assert own["preset"] == "objaverse-xl"
    assert own["recipe_digest"] == presets.digest(PUBLISHED)
    assert own["runtime"] == RUNTIME
    colour = own["images"]["colour"]
    assert colour["view_transform"] == "filmic"
    assert {"space", "encoding", "range", "unit", "alpha", "invalid"} <= colour.keys()
    assert "render_s" not in data.decode()


def test_cameras_json_says_what_was_rendered(tmp_path, rendered):
    packed = pack(rendered, DEFAULT, tmp_path)
    with zipfile.ZipFile(packed.path) as zipped:
        names = zipped.namelist()
        document = json.loads(zipped.read(keys.member(packed.ref.uid, "cameras.json")))
    assert document["version"] == 1
    assert "OpenGL" in document["convention"]
    assert document["unit"]
    assert len(document["views"]) == 3
    for entry, view in zip(document["views"], rendered.answer.views, strict=True):
        assert entry["camera_to_world"] == view.camera_to_world
        assert entry["K"] == view.intrinsics
        assert (entry["width"], entry["height"]) == (32, 24)
        assert entry["projection"] == "perspective"
        assert keys.member(packed.ref.uid, entry["files"]["colour"]) in names


def test_images_are_the_passes_or_the_display_file(tmp_path, rendered, published):
    for recipe, raw in ((DEFAULT, rendered), (PUBLISHED, published)):
        folder = tmp_path / recipe.name
        folder.mkdir()
        packed = pack(raw, recipe, folder)
        with zipfile.ZipFile(packed.path) as zipped:
            image = Image.open(io.BytesIO(zipped.read(keys.member(packed.ref.uid, "001.png"))))
            image.load()
        assert (image.size, image.mode, image.info) == ((32, 24), "RGBA", {})
        if recipe is PUBLISHED:
            display = Image.open(raw.scratch / "001-display.tga")
            assert image.tobytes() == display.tobytes()


def test_the_bytes_do_not_depend_on_when_or_how_many_threads(tmp_path, rendered):
    seen = set()
    for threads in (1, 2, 5):
        folder = tmp_path / str(threads)
        folder.mkdir()
        packed = pack(rendered, DEFAULT, folder, threads=threads)
        seen.add((packed.sha256, packed.path.read_bytes()))
    assert len(seen) == 1


def test_packing_again_replaces_what_is_there(tmp_path, rendered):
    first = pack(rendered, DEFAULT, tmp_path)
    first.path.write_bytes(b"half a zip")
    assert pack(rendered, DEFAULT, tmp_path) == first
    assert zipfile.is_zipfile(first.path)


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def link(path):
    path.rename(path.with_suffix(".aside"))
    path.symlink_to(path.with_suffix(".aside"))


def pipe(path):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("damage", [cut, link, pipe, lambda path: path.unlink()])
@pytest.mark.parametrize("recipe", [DEFAULT, PUBLISHED])
def test_a_damaged_raw_file_fails_the_object_and_leaves_no_zip(tmp_path, recipe, damage):
    raw = rendered_object(tmp_path / "raw", recipe)
    name = "002.exr" if recipe is DEFAULT else "002-display.tga"
    damage(tmp_path / "raw" / name)
    with pytest.raises(RenderFailed, match=name):
        pack(raw, recipe, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize("name", ["../raw/000.exr", "/etc/hostname", "..", "", "a\0b"])
def test_a_raw_file_lies_in_scratch_itself(tmp_path, rendered, name):
    with pytest.raises(RenderFailed, match=r"view 000|not a regular file"):
        pack(changed(rendered, files={"passes": name}), DEFAULT, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "001"}, "is named '001', not '000'"),
        ({"name": "../../evil"}, "evil"),
        ({"width": 33}, "is 33x24, not 32x24"),
        ({"files": {}}, "has no 'passes' file"),
        ({"camera_to_world": [[1.0]]}, "camera_to_world"),
        ({"camera_to_world": (2 * np.eye(4)).tolist()}, "camera_to_world"),
        ({"camera_to_world": np.diag([1.0, 1, -1, 1]).tolist()}, "camera_to_world"),
        ({"camera_to_world": np.full((4, 4), np.nan).tolist()}, "camera_to_world"),
        ({"intrinsics": np.zeros((3, 3)).tolist()}, "intrinsics"),
        ({"intrinsics": []}, "intrinsics"),
        ({"intrinsics": [[40.0, 0.0, 16.0], [0.0, 40.0, 12.0], [0.0, 0.0, 2.0]]}, "intrinsics"),
        ({"intrinsics": [[40.0, 0.0, 16.0], [1.0, 40.0, 12.0], [0.0, 0.0, 1.0]]}, "intrinsics"),
        ({"intrinsics": [[40.0, 0.0, 16.0], [0.0, -40.0, 12.0], [0.0, 0.0, 1.0]]}, "intrinsics"),
    ],
)
def test_views_that_were_not_asked_for_are_refused(tmp_path, rendered, changes, message):
    with pytest.raises(RenderFailed, match=message):
        pack(changed(rendered, **changes), DEFAULT, tmp_path)


def test_a_missing_view_is_refused(tmp_path, rendered):
    answer = dataclasses.replace(rendered.answer, views=rendered.answer.views[:2])
    with pytest.raises(RenderFailed, match="2 views were rendered, not 3"):
        pack(msgspec.structs.replace(rendered, answer=answer), DEFAULT, tmp_path)


def test_an_image_of_another_size_is_refused(tmp_path, rendered):
    write_exr(tmp_path / "raw" / "000.exr", np.zeros((24, 24, 4), np.float32))
    with pytest.raises(RenderFailed, match="is 24x24, not 32x24"):
        pack(rendered, DEFAULT, tmp_path)


def test_a_folder_that_cannot_be_written_is_the_nodes_trouble(tmp_path, rendered):
    with pytest.raises(NodeError, match="No such file"):
        pack(rendered, DEFAULT, tmp_path / "nowhere")


def test_the_zip_is_checked_by_decoding(tmp_path):
    bad = archive.Member(
        name="000.png", data=b"no image", check=lambda d: image_formats.RGBA.check(d, (4, 4))
    )
    with pytest.raises(NodeError, match=r"read back.*PNG") as raised:
        archive.write(tmp_path / "a.zip", "uid", [bad])
    assert isinstance(raised.value.__cause__, image_formats.Unreadable)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda data: data[: len(data) // 2], "is not a complete zip"),
        (lambda _: b"", "is not a complete zip"),
        (lambda data: data[:200] + b"\xff\x00" + data[202:], "damaged"),
        (lambda _: deflated(), "is compressed"),
        (lambda _: zipped("x/metadata.json"), "another object"),
    ],
)
def test_what_stands_is_looked_at(tmp_path, rendered, harm, said):
    packed = pack(rendered, DEFAULT, tmp_path)
    data, uid = packed.path.read_bytes(), packed.ref.uid
    assert archive.damage(data, uid) is None
    assert said in archive.damage(harm(data), uid)


def zipped(name: str, how: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as made:
        made.writestr(name, b"{}" * 50)
    return buffer.getvalue()


def deflated() -> bytes:
    uid = keys.uid_of("https://example.org/models/ball.glb")
    return zipped(keys.member(uid, keys.METADATA), zipfile.ZIP_DEFLATED)
