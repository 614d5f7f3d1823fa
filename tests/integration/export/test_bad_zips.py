"""Zips that are wrong inside: each named, by every export that would take harm, and left out.

All of them lie in one output, so that they share shards with each other and with good ones.
"""

import io
import json
import os
import tarfile

import numpy as np
import pytest
from PIL import Image

from tests.command_line import listing, run_worker
from tests.integration.export import harm, scenes, surfaces
from worker.contract.recipe import Camera, Preview
from worker.core import keys
from worker.omage import npz_files

SMALL = {"points": 300, "candidates": 1000}
EXPORTS = {
    "exact": ("pointcloud", {"layout": "exact", **SMALL}),
    "gpt4point": ("pointcloud", {"layout": "gpt4point", **SMALL}),
    "blender": ("nerf", {"layout": "blender"}),
    "nsvf": ("nerf", {"layout": "nsvf"}),
    "nerfstudio": ("nerf", {"layout": "nerfstudio"}),
    "instant-ngp": ("nerf", {"layout": "instant-ngp"}),
    "get3d": ("nerf", {"layout": "get3d"}),
    "plain": ("webdataset", {"layout": "plain"}),
    "zeronvs": ("webdataset", {"layout": "zeronvs"}),
    "zero123": ("zero123", {}),
    "colmap": ("colmap", {}),
    "parquet": ("parquet", {}),
}
ALL = frozenset(EXPORTS)
PICTURES = ALL - {"parquet"}
FILMS = frozenset({"blender", "nsvf", "nerfstudio", "instant-ngp", "get3d"})
DEPTHS = frozenset(
    {"exact", "gpt4point", "nerfstudio", "instant-ngp", "plain", "zeronvs", "colmap"}
)
LENGTHS = DEPTHS - {"plain"}
"""Those that take depth for lengths."""

FAR = np.eye(4)
FAR[0, 3] = 1e300


def cut_off(data):
    return data[:-100]


def other_width(data):
    width, height = data[16:20], data[20:24]
    return data.replace(width + height, (1 << 30).to_bytes(4) + height, 1)


def no_film(members):
    members["turntable.gif"] = b"no film"


def film_of(size, cut):
    def change(members):
        buffer = io.BytesIO()
        Image.effect_noise(size, 50).save(buffer, "GIF")
        members["turntable.gif"] = buffer.getvalue()[:-cut] + b";" * bool(cut)

    return change


def no_cameras(members):
    del members["cameras.json"]


def depths(*ends):
    def change(members):
        told = {"range": list(ends), "invalid": 65535}
        harm.in_metadata(lambda d: d["render_worker"]["images"]["depth"].update(told))(members)
        harm.in_views(facts={})(members)

    return change


def files_of(change):
    return harm.in_cameras(lambda document: change(document["views"][1]["files"]))


def same_names(document):
    for view in document["views"]:
        view["name"] = "000"


CHANGES = {
    "good": (None, None, frozenset()),
    "no cameras": (no_cameras, "unsupported", PICTURES),
    "no metadata": (
        lambda m: m.update({"metadata.json": b'{"file_identifier": 3}'}), "render", ALL,
    ),
    "a cut off image": (harm.in_file("004.png", cut_off), "render", PICTURES),
    "an image of another size": (harm.in_file("004.png", other_width), "render", PICTURES),
    "cut off depth": (harm.in_file("004_depth.png", cut_off), "render", DEPTHS),
    "a film that is none": (no_film, "render", FILMS),
    "a cut off film": (film_of((32, 32), 300), "render", FILMS),
    "a vast film": (film_of((4000, 4000), 0), "render", FILMS),
    "a vast view": (harm.in_a_view(width=1 << 40), "render", ALL),
    "a view of another size": (harm.in_a_view(width=31), "render", ALL),
    "K of nothing": (harm.in_views(K=[[0] * 3] * 3), "render", ALL),
    "K beyond all": (harm.in_views(K=[[1e308, 0, 0], [0, 1e308, 0], [0, 0, 1]]), "render", ALL),
    "K as good as nothing": (
        harm.in_views(K=[[1e-320, 0, 0], [0, 1e-320, 0], [0, 0, 1]]), "render", ALL,
    ),
    "a pose of nothing": (harm.in_views(camera_to_world=[[0] * 4] * 4), "render", ALL),
    "a pose beyond all": (harm.in_views(camera_to_world=[[1e300] * 4] * 4), "render", ALL),
    "a camera far off": (harm.in_a_view(camera_to_world=FAR.tolist()), "render", ALL),
    "a mirrored camera": (
        harm.in_a_view(camera_to_world=np.diag([-1.0, 1, 1, 1]).tolist()), "render", ALL,
    ),
    "too few views": (harm.in_cameras(lambda d: d["views"].pop()), "render", ALL),
    "one name for all": (harm.in_cameras(same_names), "render", ALL),
    "a path for a name": (harm.in_a_view(name="../x"), "render", ALL),
    "a long name": (harm.in_a_view(name="n" * 200), "render", ALL),
    "no files": (harm.in_views(files={}), "render", ALL),
    "a file that is not there": (
        files_of(lambda f: f.update(dict.fromkeys(f, "../../../etc/passwd"))), "render", PICTURES,
    ),
    "a kind with a slash": (files_of(lambda f: f.update({"a/../b": "004.png"})), "render", ALL),
    "a kind more": (files_of(lambda f: f.update({"normal": "004.png"})), "render", ALL),
    "a place beyond all": (
        harm.in_cameras(lambda d: d["placement"].update(bbox=[[-1e308] * 3, [1e308] * 3])),
        "render", ALL,
    ),
    "half a range": (depths(0), "render", LENGTHS),
    "a range of nothing": (depths(0, 0), "render", LENGTHS),
    "a range of words": (depths("a", "b"), "render", LENGTHS),
    "a range without end": (depths(0, 1e300), "render", LENGTHS),
    "a count beyond 64 bits": (
        harm.in_metadata(lambda d: d.update(vert_count=1 << 63)), "render", ALL,
    ),
    "a count beyond all": (
        harm.in_metadata(lambda d: d.update(vert_count=10**30)), "render", ALL,
    ),
    "a count below 0": (harm.in_metadata(lambda d: d.update(poly_count=-5)), "render", ALL),
    "a long synset": (
        harm.in_metadata(lambda d: d.update(metadata={"synset": "a" * 300, "model": "m"})),
        "unsupported", frozenset({"get3d", "zeronvs"}),
    ),
    "good too": (None, None, frozenset()),
}  # fmt: skip


def spoilt(folder, *args, **more):
    """An output of an object for each of CHANGES, changed so."""
    recipe = scenes.recipe(*args, views=8, size=32, preview=Preview(width=32), **more)
    out = scenes.output(folder, recipe, objects=len(CHANGES))
    for number, (change, _, _) in enumerate(CHANGES.values()):
        if change:
            harm.rewrite(harm.zip_of(out, number), change)
    harm.unchecked(out)
    return out


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    as_gpt4point = {
        "images": scenes.GPT4POINT,
        "camera": Camera(fov=(39.6, 39.6), radius=(2.0, 2.0)),
    }
    other = spoilt(folder / "gpt4point", "gpt4point", **as_gpt4point)
    usual = spoilt(folder / "usual")
    return {name: other if name == "gpt4point" else usual for name in EXPORTS}


@pytest.mark.parametrize("name", EXPORTS)
def test_each_is_named_and_the_others_are_exported(export, bad, name):
    kind, options = EXPORTS[name]
    to = export(kind, bad[name], options=options, max_failure_rate=1.0)
    found = scenes.outcomes(to)
    lines = {what: found[harm.identifier(number)] for number, what in enumerate(CHANGES)}
    outcomes = {what: (line["outcome"], line.get("code")) for what, line in lines.items()}
    expected = {
        what: ("failed", code) if name in noticed else ("exported", None)
        for what, (_, code, noticed) in CHANGES.items()
    }
    assert outcomes == expected
    for line in found.values():
        assert line["outcome"] == "exported" or len(line["message"]) < 500
    left_out = {
        keys.uid_of(harm.identifier(number))
        for number, (_, _, noticed) in enumerate(CHANGES.values())
        if name in noticed
    }
    names = list(listing(to))
    for path in to.glob("*.tar"):
        with tarfile.open(path) as tar:
            names += tar.getnames()
    assert not any(uid in each for uid in left_out for each in names)


@pytest.mark.parametrize(("told", "code"), [(True, "modified"), (False, "render")])
def test_a_vast_zip_is_not_read(own, tmp_path, told, code):
    """Where there is no room for it: in a process of little memory."""
    os.truncate(harm.zip_of(own, 1), 6 << 30)  # sparse: takes no disk
    if not told:
        harm.unchecked(own)
    run_worker(
        "export", "nerf", "--input", own, "--to", tmp_path / "to", "--scratch", tmp_path,
        first="import resource; resource.setrlimit(resource.RLIMIT_AS, (5_000_000_000,) * 2)",
    )  # fmt: skip
    found = scenes.outcomes(tmp_path / "to")
    bad = found.pop(harm.identifier(1))
    assert (bad["outcome"], bad["code"]) == ("failed", code)
    assert f"{6 << 30} bytes" in bad["message"]
    assert {line["outcome"] for line in found.values()} == {"exported"}


def test_an_object_image_of_nothing(export, tmp_path):
    out = surfaces.output(tmp_path / "out", objects=3)
    empty = npz_files.encode(np.zeros((64, 64, 12), np.uint16))
    harm.rewrite(harm.zip_of(out, 1), harm.in_file("omage_tensor_64.npz", lambda _: empty))
    harm.unchecked(out)
    to = export("omage", out)
    found = scenes.outcomes(to)
    bad = found.pop(harm.identifier(1))
    assert (bad["outcome"], bad["code"]) == ("failed", "render")
    assert "object image that is empty" in bad["message"]
    assert {line["outcome"] for line in found.values()} == {"exported"}
    (about,) = to.glob("*_meta.json")
    assert len(json.loads(about.read_text())) == 2
