"""Each preset's zip, rendered by a real Blender, read by its system's own rules."""

import io
import itertools
import json
import math
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.integration.blender.driver import DEBIAN
from tests.integration.pack.test_real_renders import BOX, box_stl
from tests.readers import gpt4point, nerf, objaverse_xl, worker_own, zero123, zeronvs
from worker import presets
from worker.contract.engines import CYCLES
from worker.index.record import ObjectRef
from worker.pack.pack import pack
from worker.sources.base import FetchedObject
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions

READERS = {
    "default": worker_own.read,
    "get3d": nerf.get3d,
    "gpt4point": gpt4point.read,
    "instantmesh": worker_own.read,
    "nerf-synthetic": nerf.nerf_synthetic,
    "objaverse-xl": objaverse_xl.read,
    "openlrm": worker_own.read,
    "sides-orthographic": worker_own.read,
    "trellis": nerf.trellis,
    "trellis-cond": nerf.trellis,
    "turntable": worker_own.read,
    "zero123": zero123.read,
    "zero123plus": worker_own.read,
    "zeronvs": zeronvs.read,
}
SMALL = ["resolution=64", "samples=4", "cycles.denoise=false", "cycles.filter_width=1.0"]
VIEWS = {
    "nerf-synthetic": ["views=4", "splits.train=2", "splits.val=1", "splits.test=1"],
    "sides-orthographic": ["views=6"],
    "zero123plus": ["views=6", "colour.background=transparent"],
}
CORNERS = np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * BOX


@pytest.fixture(scope="module", params=["bpy", pytest.param(str(DEBIAN), id="debian", marks=[
    pytest.mark.debian_blender,
    pytest.mark.skipif(not DEBIAN.exists(), reason="NOT TESTED: no Debian blender"),
])])  # fmt: skip
def views(request, tmp_path_factory):
    """A function from a preset's name to its recipe, its views as read, and the zip's members."""
    home = tmp_path_factory.mktemp("readers")
    model = home / "box.stl"
    model.write_text(box_stl())
    fetched = FetchedObject(
        ref=ObjectRef(file_identifier=model.name),
        root=home,
        model=model.name,
        sha256="0" * 64,
        size=model.stat().st_size,
    )
    pool = Pool(runtime.find(request.param), PoolOptions(device="cpu"), home / "children")
    pool.open()
    made = {}

    def make(name, *more):
        if (name, more) not in made:
            recipe = presets.load(name, [*SMALL, *VIEWS.get(name, ["views=3"]), *more])
            scratch = home / f"{name}-{len(made)}"
            scratch.mkdir()
            packed = pack(pool.render(fetched, recipe, scratch), recipe, home)
            with zipfile.ZipFile(packed.path) as archive:
                found = READERS[name](archive, packed.ref.uid)
                members = {n.partition("/")[2]: archive.read(n) for n in archive.namelist()}
            made[name, more] = (recipe, found, members)
        return made[name, more]

    yield make
    pool.close(now=True)


def corners(recipe):
    """The box's, where the recipe puts them."""
    if recipe.subject.normalise == "unit-sphere":
        return CORNERS / np.linalg.norm(CORNERS[0]) * recipe.subject.size
    return CORNERS * recipe.subject.size


def outline(mask):
    """Left, top, right, bottom edge of what is covered, in pixels."""
    rows, columns = np.nonzero(mask)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def test_every_preset_of_views_has_a_reader():
    """But objaverse-xl-eevee, whose files are objaverse-xl's (tests/unit/test_engines.py)."""
    recipes = [presets.load(name) for name in presets.names()]
    of_views = {each.name for each in recipes if (each.product, each.engine) == ("views", CYCLES)}
    assert set(READERS) == of_views


@pytest.mark.parametrize("name", READERS)
def test_the_object_is_where_the_readers_camera_puts_it(views, name):
    recipe, found, _ = views(name)
    assert len(found) == recipe.views
    for view in found:
        assert view.image.shape[:2] == (64, 64)
        pixels = view.project(corners(recipe))
        expected = np.clip([*pixels.min(0), *pixels.max(0)], 0, 64)
        np.testing.assert_allclose(outline(view.mask), expected, atol=1.5)


@pytest.mark.parametrize("name", READERS)
def test_depth_is_valid_wherever_the_object_is_seen(views, name):
    kinds = {"gpt4point": '"albedo","alpha"', "zeronvs": '"colour","depth-f16"'}
    asked = [kinds.get(name, '"colour"'), *['"depth"'] * (name != "zeronvs"), '"mask"']
    farthest = ["camera.fov=10"] if name == "trellis-cond" else []
    _, found, members = views(name, f"images=[{','.join(asked)}]", *farthest)
    for number in range(len(found)):
        depth, mask = (
            np.asarray(Image.open(io.BytesIO(members[f"{number:03d}_{kind}.png"])))
            for kind in ("depth", "mask")
        )
        invalid = 0 if name == "zeronvs" else 65535
        assert (mask > 0).sum() > 20
        np.testing.assert_array_equal(depth != invalid, mask > 0)


def test_gpt4points_are_lifted_onto_the_box(views):
    _, found, _ = views("gpt4point")
    for view in found:
        points = gpt4point.lift(view)
        assert len(points) > 100
        # Its rays put pixel 0 on the very edge of the frame: half a pixel off there, at most
        # tan(fov / 2) / 64 of the depth.
        slack = math.tan(view.extras["camera"]["x_fov"] / 2) / 64 * 2.7 + 1e-3
        assert (np.abs(points) <= BOX / 2 + slack).all()
        inside = (BOX / 2 - np.abs(points)).min(axis=1)
        assert np.abs(inside).max() <= 2 * slack
        assert (view.extras["material_alpha"][view.mask] > 0.999).all()
        box = np.array(view.extras["camera"]["bbox"])
        np.testing.assert_allclose(box, [-BOX / 2, BOX / 2], atol=1e-6)


def test_gpt4points_albedo_is_the_materials(views):
    _, found, _ = views("gpt4point")
    for view in found:
        opaque = view.image[view.image[..., 3] == 1][:, :3]
        assert np.ptp(opaque, axis=0).max() <= 1.01 / 255, "no light in it"


def test_zeronvs_depth_is_planar(views):
    _, found, _ = views("zeronvs")
    for view in found:
        depth = (CORNERS - view.extras["place"]) @ view.extras["forward"]
        finite = view.depth[np.isfinite(view.depth)]
        assert finite.min() >= depth.min() * 0.999
        assert finite.max() <= depth.max() * 1.001
        assert (view.image[~np.isfinite(view.depth)].min()) > 0.2


def test_get3ds_angles_are_those_of_its_cameras(views):
    recipe, found, _ = views("get3d")
    for view in found:
        turn, lift = (math.radians(view.extras[key]) for key in ("rotation", "elevation"))
        assert 0 <= view.extras["rotation"] < 360
        assert 0 <= view.extras["elevation"] <= 30
        # Blender's: the camera on +Y at 1.2, lifted about X, turned about Z.
        x, y, z = 0.0, 1.2 * math.cos(lift), 1.2 * math.sin(lift)
        place = (
            x * math.cos(turn) - y * math.sin(turn),
            x * math.sin(turn) + y * math.cos(turn),
            z,
        )
        np.testing.assert_allclose(view.extras["pose"][:3, 3], place, atol=1e-6)
        assert recipe.camera.radius == (1.2, 1.2)


def test_get3ds_longest_side_is_as_its_script_makes_it(views):
    _, _, members = views("get3d")
    cameras = json.loads(members["cameras.json"])
    low, high = np.array(cameras["placement"]["bbox"])
    np.testing.assert_allclose(high - low, BOX * 0.9, rtol=1e-6)
    assert cameras["unit"].endswith("divided by 0.9")


def test_trellis_says_how_the_object_was_placed(views):
    for name in ("trellis", "trellis-cond"):
        _, found, _ = views(name)
        for view in found:
            assert view.extras["scale"] == pytest.approx(1 / 3, rel=1e-5)
            np.testing.assert_allclose(view.extras["offset"], np.array([5, 6, 7]) / -3, rtol=1e-5)


def test_nerfs_splits_and_nsvfs_cameras_agree(views):
    recipe, found, _ = views("nerf-synthetic")
    assert [view.extras["split"] for view in found] == ["train", "train", "val", "test"]
    for view in found:
        np.testing.assert_allclose(
            view.extras["nsvf"](corners(recipe)), view.project(corners(recipe)), atol=1e-3
        )


def test_zero123s_angles_and_white(views):
    recipe, found, _ = views("zero123")
    for view in found:
        assert 1.5 <= view.extras["distance"] <= 2.2
        assert 0 <= view.extras["theta"] <= math.pi
        assert (view.image[~view.mask & (view.image[..., 3] == 1)] == 1).all()
    assert recipe.views == 3


def test_a_turntable_has_its_films(views):
    recipe, _, members = views("turntable")
    for name, kind in (("turntable.gif", "GIF"), ("turntable.webp", "WEBP")):
        with Image.open(io.BytesIO(members[name])) as film:
            assert (film.format, film.n_frames, film.size) == (kind, 3, (64, 64))
            frames = []
            for number in range(film.n_frames):
                film.seek(number)
                film.load()
                assert film.info["duration"] in (80, 83)
                frames.append(np.asarray(film.convert("RGB")).astype(int))
        assert (frames[0][:2, :2] > 250).all(), "on white"
        assert np.abs(frames[0] - frames[1]).max() > 50, "it turns"
    assert recipe.preview.rate == 12
