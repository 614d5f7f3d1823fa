"""NeRF layouts: each read by rules of its own, and the object is where the cameras say."""

import json

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.integration.export import readers, scenes
from worker.contract.recipe import Colour, Splits
from worker.core import keys
from worker.core.errors import ConfigurationError
from worker.export.base import NotAsWritten
from worker.export.layouts import NERF_LAYOUTS
from worker.export.nerf import Nerf

UID = keys.uid_of("https://example.org/0.glb")
READERS = [
    ("blender", readers.blender),
    ("blender", readers.shapenet_tutorial),
    ("instant-ngp", readers.instant_ngp),
    ("nsvf", readers.nsvf),
    ("nerfstudio", readers.nerfstudio),
]


def surface():
    way = np.random.default_rng(0).normal(size=(20_000, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    return np.concatenate([way * radius + centre for centre, radius, _ in scenes.BALLS])


def agrees(view):
    """The object's points, projected by what the reader read, cover its mask and a pixel more."""
    height, width = view.mask.shape
    pixels = np.floor(view.project(surface())).astype(int)
    covered = np.zeros_like(view.mask)
    inside = ((pixels >= 0) & (pixels < [width, height])).all(axis=1)
    covered[pixels[inside, 1], pixels[inside, 0]] = True
    wider = view.mask.copy()
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        wider |= np.roll(wider, step, axis)
    assert 400 < view.mask.sum() < view.mask.size / 2
    return (covered & view.mask).sum() > 0.98 * view.mask.sum() and not (covered & ~wider).any()


@pytest.mark.parametrize(("layout", "reader"), READERS)
def test_layouts(export, views, layout, reader):
    to = export("nerf", views, options={"layout": layout, "splits": "6,1,2"})
    for uid in scenes.uids(3):
        found = reader(to / uid)
        assert [len(found[split]) for split in ("train", "val", "test")] == [6, 1, 2]
        for view in (view for part in found.values() for view in part):
            assert agrees(view)
            if view.depth is not None:
                assert np.isfinite(view.depth).sum() > 400
                assert 1.4 < view.depth[np.isfinite(view.depth)].min() < 2.0
        with Image.open(to / uid / "turntable.gif") as film:
            assert (film.n_frames, film.size) == (10, (64, 64))


def test_the_images_are_the_zips_own_bytes(export, views):
    import zipfile

    to = export("nerf", views)
    with zipfile.ZipFile(views / keys.render_zip(UID)) as archive:
        own = {archive.read(f"{UID}/{number:03d}.png") for number in range(10)}
    assert {path.read_bytes() for path in to.glob(f"{UID}/*/*.png")} == own


def test_nerfstudio_depth_and_points_are_where_the_surface_is(export, views):
    to = export("nerf", views, options={"layout": "nerfstudio"})
    cloud = trimesh.load(to / UID / "points.ply")
    assert len(cloud.vertices) > 1000
    assert np.quantile(scenes.to_surface(cloud.vertices), 0.99) < 1e-3
    meta = json.loads((to / UID / "transforms.json").read_text())
    frame = meta["frames"][3]
    pose = np.array(frame["transform_matrix"])
    k = [[frame["fl_x"], 0, frame["cx"]], [0, frame["fl_y"], frame["cy"]], [0, 0, 1]]
    depth, _, _ = scenes.cast(pose, k, 64)
    stored = readers.image(to / UID / frame["depth_file_path"])
    assert np.abs(stored[stored > 0] / 1000 - depth[stored > 0]).max() < 1e-3


def test_the_points_of_nerfstudio_are_read_back(export, views):
    to = export("nerf", views, options={"layout": "nerfstudio"})
    files = [str(path.relative_to(to)) for path in (to / UID).rglob("*") if path.is_file()]
    kind = Nerf(layout="nerfstudio")
    kind.check(to, files, 1)
    with pytest.raises(NotAsWritten, match=r"names points\.ply"):
        kind.check(to, [name for name in files if not name.endswith(".ply")], 1)
    points = to / UID / "points.ply"
    whole = points.read_bytes()
    for data in (whole[:-1], whole.replace(b"ply\n", b"pls\n", 1), nowhere(whole)):
        points.write_bytes(data)
        with pytest.raises(NotAsWritten, match=r"points\.ply: "):
            kind.check(to, files, 1)


def nowhere(ply):
    """The file, its first point at NaN."""
    start = ply.index(b"end_header\n") + len(b"end_header\n")
    return ply[:start] + np.float32(np.nan).tobytes() + ply[start + 4 :]


def test_nsvf_box_holds_the_object(export, views):
    to = export("nerf", views, options={"layout": "nsvf"})
    box = np.loadtxt(to / UID / "bbox.txt")
    points = surface()
    assert (points >= box[:3]).all()
    assert (points <= box[3:6]).all()
    assert box[6] == pytest.approx((box[3:6] - box[:3]).max() / 10)


def test_get3d(export, views, tmp_path):
    to = export("nerf", views, options={"layout": "get3d", "category": "02958343"})
    found = readers.get3d(to, "02958343", UID)
    assert len(found["train"]) == 10
    assert all(agrees(view) for view in found["train"])
    assert (to / f"turntable/02958343/{UID}.gif").is_file()
    # Its reader takes all that lies there for views, once the file in the way is deleted.
    there = {path.name for path in (to / f"img/02958343/{UID}").iterdir()}
    assert there - {"transforms.json"} == {f"{number:03d}.png" for number in range(10)}


def test_get3d_of_a_shapenet_tree(export, tmp_path):
    about = {"metadata": {"synset": "03001627", "model": "abc123"}}
    out = scenes.output(tmp_path / "out", scenes.recipe(views=3, size=32), objects=1, **about)
    to = export("nerf", out, options={"layout": "get3d"})
    assert len(readers.get3d(to, "03001627", "abc123")["train"]) == 3


@pytest.mark.parametrize("name", ["../../up", "a/b", "..", ".hidden", ""])
def test_a_hostile_name_stays_in_its_zip(export, tmp_path, name):
    about = {"metadata": {"synset": "03001627", "model": name}}
    out = scenes.output(tmp_path / "out", scenes.recipe(views=2, size=16), objects=1, **about)
    to = export("nerf", out, status=10, options={"layout": "get3d"})
    (outcome,) = scenes.outcomes(to).values()
    assert outcome["code"] == "unsupported"
    assert {path.name for path in to.iterdir()} == {"export.json", "ledger"}


def test_the_presets_own_split(export, tmp_path):
    out = scenes.output(
        tmp_path / "out", scenes.recipe(views=8, size=16, splits=scenes.SPLITS), objects=1
    )
    found = readers.blender(export("nerf", out) / UID)
    assert [len(part) for part in found.values()] == [5, 1, 2]
    assert Splits(5, 1, 2) == scenes.SPLITS


def test_views_of_one_k_are_asked_for_only_where_a_layout_has_one(export, tmp_path, monkeypatch):
    fovs = iter(np.linspace(40, 50, 100))
    plain = scenes.intrinsics
    monkeypatch.setattr(scenes, "intrinsics", lambda w, h, _: plain(w, h, next(fovs)))
    out = scenes.output(tmp_path / "out", scenes.recipe(views=4, size=64), objects=1)
    for layout in ("blender", "instant-ngp", "nsvf", "get3d"):
        refused = export("nerf", out, tmp_path / layout, status=10, options={"layout": layout})
        (outcome,) = scenes.outcomes(refused).values()
        assert "different fields of view" in outcome["message"]
    to = export("nerf", out, tmp_path / "b", options={"layout": "nerfstudio"})
    assert all(agrees(view) for view in readers.nerfstudio(to / UID)["train"])


@pytest.mark.parametrize("change", [[[1, 0, 3], [0, 1, -5]], [[1.2, 0, 0], [0, 1, 0]]])
def test_a_k_with_more_than_a_field_of_view_needs_a_layout_that_has_it(
    export, tmp_path, monkeypatch, change
):
    plain = scenes.intrinsics

    def changed(*size):
        k = np.array(plain(*size))
        k[:2] = k[:2] * np.where(np.eye(2, 3), change, 1.0) + np.where(np.eye(2, 3), 0.0, change)
        return k.tolist()

    monkeypatch.setattr(scenes, "intrinsics", changed)
    out = scenes.output(tmp_path / "out", scenes.recipe(views=4, size=64), objects=1)
    for layout in ("blender", "get3d"):
        refused = export("nerf", out, tmp_path / layout, status=10, options={"layout": layout})
        (outcome,) = scenes.outcomes(refused).values()
        assert "this layout cannot store; use --layout nerfstudio" in outcome["message"]
    to = export("nerf", out, tmp_path / "b", options={"layout": "nerfstudio"})
    assert all(agrees(view) for view in readers.nerfstudio(to / UID)["train"])


@pytest.mark.parametrize("layout", sorted(NERF_LAYOUTS))
def test_pictures_on_a_background_are_named(export, tmp_path, layout):
    recipe = scenes.recipe(views=2, size=16, colour=Colour(background="white"))
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    with pytest.raises(ConfigurationError, match="needs a colour image with transparency"):
        export("nerf", out, options={"layout": layout})


@pytest.mark.parametrize(("half", "scale"), [(0.5, 1.0), (0.3, 1.0), (1.0, 0.5)])
def test_larger_objects_fit_the_unit_cube_of_instant_ngp(
    export, tmp_path, monkeypatch, half, scale
):
    sized = {"scene_size": {"bbox_min": [-half] * 3, "bbox_max": [half, half / 2, half]}}
    monkeypatch.setattr(scenes, "SIZED", sized)
    out = scenes.output(tmp_path / "out", scenes.recipe(views=2, size=16), objects=1)
    to = export("nerf", out, options={"layout": "instant-ngp"})
    document = json.loads((to / UID / "transforms_train.json").read_text())
    assert document["scale"] == pytest.approx(scale)
