"""Tar shards: read by the webdataset library, and by ZeroNVS's rules."""

import io
import json
import tarfile

import numpy as np
import pytest
import webdataset
from PIL import Image
from structlog.testing import capture_logs

from tests.integration.export import scenes
from tests.readers.seen import Seen, pinhole
from worker.contract.recipe import Camera, Colour
from worker.core import keys
from worker.core.errors import ConfigurationError


def tars(folder):
    return sorted(map(str, folder.glob("*.tar")))


def test_plain_is_read_shuffled_and_decoded(export, views):
    to = export("webdataset", views, options={"group_objects": 2})
    assert [path.rsplit("/", 1)[1] for path in tars(to)] == ["000000.tar", "000001.tar"]
    data = (
        webdataset.WebDataset(f"{to}/{{000000..000001}}.tar", shardshuffle=2, seed=1)
        .shuffle(50)
        .decode("rgba8")
        .to_tuple("__key__", "png", "json")
    )
    seen = {}
    for key, image, about in data:
        assert key == f"{about['uid']}/{about['view']}"
        assert (image.shape, image.dtype) == ((64, 64, 4), np.uint8)
        seen[key] = about
    assert set(seen) == {f"{uid}/{n:03d}" for uid in scenes.uids(3) for n in range(10)}
    assert list(seen) != sorted(seen)
    about = seen[f"{scenes.uids(1)[0]}/003"]
    assert about["file_identifier"] == "https://example.org/0.glb"
    assert np.array(about["camera_to_world"]).shape == (4, 4)
    assert about["images"]["depth"]["read"] == "z = near + (far - near) * value / 65535"


def test_plain_has_all_images_of_a_view_under_its_key(export, views):
    to = export("webdataset", views)
    (sample, *_) = webdataset.WebDataset(tars(to), shardshuffle=False)
    assert {name for name in sample if not name.startswith("__")} == {
        "png", "depth.png", "mask.png", "json"
    }  # fmt: skip
    stored = np.asarray(Image.open(io.BytesIO(sample["depth.png"])))
    mask = np.asarray(Image.open(io.BytesIO(sample["mask.png"])))
    assert stored.dtype == np.uint16
    assert np.array_equal(stored != 65535, mask == 255)


def test_shards_end_at_their_size(export, views, monkeypatch):
    size = max(path.stat().st_size for path in views.glob("renders/*.zip"))
    assert size < 1 << 20
    to = export("webdataset", views, options={"group_mb": 1, "group_objects": 1})
    assert len(tars(to)) == 3


def scenes_of(samples):
    """As ZeroNVS's reader gathers scenes: one is handed on when the next begins, never the last."""
    current, scene, handed = None, None, []
    for sample in samples:
        *_, category, name, frame = sample["__key__"].split("/")
        depth = frame.endswith("_depth")
        frame = frame.removesuffix("_depth")
        uid = f"{category}_{name}"
        if uid != current:
            if current is not None:
                handed.append((current, scene))
            current, scene = uid, {"images": {}, "depths": {}, "cameras": {}}
        assert frame.startswith("frame")
        number = int(frame[len("frame") :].removesuffix("_metadata")) - 1
        if "png" in sample:
            scene["depths" if depth else "images"][number] = sample["png"]
        if "json" in sample:
            scene["cameras"][number] = json.loads(sample["json"])
    return [(uid, scene) for uid, scene in handed if scene["images"]]


def view_of(scene, number):
    image = np.asarray(Image.open(io.BytesIO(scene["images"][number])))
    stored = np.array(Image.open(io.BytesIO(scene["depths"][number])), np.uint16)
    depth = np.frombuffer(stored, np.float16).astype(np.float32).reshape(stored.shape)
    camera = scene["cameras"][number]
    k = np.linalg.inv(np.array(camera["intrinsics"]))
    pose = np.array(camera["extrinsics"])
    return pose, k, Seen(
        image=image / 255, mask=depth > 0, depth=depth,
        project=pinhole(np.linalg.inv(pose @ np.diag([1, -1, -1, 1])), k),
    )  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0, 1), (1,)])
def test_zeronvs_hands_on_every_scene_in_any_order_of_shards(export, views, order):
    to = export("webdataset", views, options={"layout": "zeronvs", "group_objects": 2})
    shards = tars(to)
    read = scenes_of(webdataset.WebDataset([shards[i] for i in order], shardshuffle=False))
    whole = {0: 2, 1: 1}
    assert len(read) == sum(whole[i] for i in order)
    if set(order) == {0, 1}:
        assert {uid for uid, _ in read} == {f"objects_{uid}" for uid in scenes.uids(3)}
    for _, scene in read:
        assert (
            set(scene["images"]) == set(scene["depths"]) == set(scene["cameras"]) == set(range(10))
        )


@pytest.mark.parametrize("count", [3, 41])
def test_zeronvs_takes_pairs_at_the_rate_that_is_said(export, tmp_path, count):
    """Its reader takes int(rate * views) pairs of a scene; rate must be a float."""
    out = scenes.output(tmp_path / "out", scenes.recipe(views=count, size=16), objects=1)
    with capture_logs() as said:
        to = export("webdataset", out, options={"layout": "zeronvs"})
    (told,) = [line for line in said if "views_per_scene" in line]
    ((_, scene),) = scenes_of(webdataset.WebDataset(tars(to), shardshuffle=False))
    assert len(scene["images"]) == told["views_per_scene"] == count
    rate = float(told["rate"].removeprefix("at least "))
    assert (rate < 1, int(rate * len(scene["images"]))) == (True, 1)
    none = int(0.025 * len(scene["images"])) == 0
    assert told["log_level"] == ("warning" if none else "info")
    assert none is (count == 3)


@pytest.mark.parametrize("size", [64, 256, 300])
def test_zeronvs_views_show_what_their_cameras_say(export, tmp_path, size):
    recipe = scenes.recipe(views=2, size=size)
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    to = export("webdataset", out, options={"layout": "zeronvs"})
    ((_, scene),) = scenes_of(webdataset.WebDataset(tars(to), shardshuffle=False))
    for number in range(2):
        pose, k, view = view_of(scene, number)
        assert view.image.shape == (256, 256, 3)
        assert abs(k[0, 0] - k[1, 1]) < 1e-5
        depth, _, _ = scenes.cast(pose, k, 256)
        both = view.mask & np.isfinite(depth)
        assert both.sum() / (view.mask | np.isfinite(depth)).sum() > 0.9
        gap = np.abs(view.depth[both] - depth[both])
        # A float16 near 2 has steps of 1/512; a pixel that was enlarged lies half a pixel off.
        assert np.median(gap) < (2e-2 if size < 256 else 2e-3)
        assert (view.image[0, 0] == 1).all()  # white


def test_zeronvs_takes_its_own_presets_zips(export, tmp_path):
    look = {"colour": Colour(background="white"), "camera": Camera(fov=(50.0, 50.0))}
    recipe = scenes.recipe("zeronvs", views=3, size=256, images=("colour", "depth-f16"), **look)
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    to = export("webdataset", out, tmp_path / "white", options={"layout": "zeronvs"})
    ((_, scene),) = scenes_of(webdataset.WebDataset(tars(to), shardshuffle=False))
    assert view_of(scene, 0)[2].image.shape == (256, 256, 3)
    with pytest.raises(ConfigurationError, match="or on the --background"):
        export("webdataset", out, tmp_path / "black",
               options={"layout": "zeronvs", "background": "black"})  # fmt: skip


def test_zeronvs_needs_depth_and_two_views(export, tmp_path):
    for name, recipe, what in (
        ("flat", scenes.recipe(views=3, size=16, images=("colour",)), "depth"),
        ("one", scenes.recipe(views=1, size=16), "two views or more"),
    ):
        out = scenes.output(tmp_path / name, recipe, objects=1)
        with pytest.raises(ConfigurationError, match=f"needs {what}"):
            export("webdataset", out, tmp_path / f"{name}-to", options={"layout": "zeronvs"})
        assert not (tmp_path / f"{name}-to").exists()


def test_names_and_order_in_a_tar(export, views):
    to = export("webdataset", views, options={"layout": "zeronvs", "category": "things"})
    with tarfile.open(to / "000000.tar") as tar:
        members = tar.getmembers()
    names = [member.name for member in members]
    uid = min(scenes.uids(3), key=lambda uid: names.index(f"things/{uid}/frame000001.png"))
    assert names[:4] == [
        f"things/{uid}/frame000001.png",
        f"things/{uid}/frame000001_depth.png",
        f"things/{uid}/frame000001_metadata.json",
        f"things/{uid}/frame000002.png",
    ]
    assert names[-1] == "end/000000/frame000001_metadata.json"
    assert {(m.mtime, m.uid, m.gid, m.mode, m.type) for m in members} == {
        (0, 0, 0, 0o644, tarfile.REGTYPE)
    }
    assert keys.tar_file("000000") == "000000.tar"
