"""What each raw pass holds, measured: values, edges, holes, nothing left behind."""

import json
import math
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from tests.integration.blender import inside
from tests.integration.blender.broken import picture
from tests.integration.blender.driver import small
from tests.integration.blender.pictures import framed
from worker.contract import render_passes
from worker.contract.recipe import IMAGES
from worker.contract.render_passes import (
    ALBEDO,
    COMBINED,
    COVERAGE,
    DEPTH,
    INDEX_MATERIAL,
    INDEX_OBJECT,
    MATERIAL,
    NORMAL,
    NOTHING_DEPTH,
    POSITION,
)

MAKE = Path(__file__).with_name("make_kinds.py")
EVERYTHING = [kind for kind in IMAGES if "-" not in kind] + [
    "index-object", "index-material", "position-exr",
]  # fmt: skip
FRONT = {"layout": "fixed", "fixed": [[0, -3, 0]], "projection": "orthographic"}


@pytest.fixture(scope="session")
def scenes(blender, tmp_path_factory):
    """The files of make_kinds.py, made by the Blender that will read them."""
    folder = tmp_path_factory.mktemp("kinds")
    inside.run(blender, MAKE, folder)
    return folder


def layer(raw, each):
    """One pass as (H,W,C), by the names that `channels` gives, of a raw file and its view."""
    path, view = raw
    with OpenEXR.File(str(path), separate_channels=True) as file:
        found = file.parts[0].channels
        picture = np.stack(
            [
                next(
                    channel.pixels
                    for name, channel in found.items()
                    if name.split(".", 1)[1] == f"{each.layer}.{letter}"
                )
                for letter in each.components
            ],
            axis=-1,
        )
    return framed(picture, view, each.background)


def render(child, model, out, **keys):
    answer = child.render(model, out, small(**{"views": 1, **keys}))
    assert answer["type"] == "Rendered", answer
    return answer, [(out / view["files"]["passes"], view) for view in answer["views"]]


def test_every_kind_has_its_passes_and_they_are_all_in_the_file(child, scenes, tmp_path):
    assert set(render_passes.PASSES_BY_IMAGE_KIND) == set(IMAGES)
    for kind in IMAGES:
        _, (file,) = render(child, scenes / "dark.blend", tmp_path / kind, images=[kind])
        for each in render_passes.passes((kind,)):
            pixels = layer(file, each)
            assert np.isfinite(pixels).all()
            assert np.allclose(pixels[0, 0], each.background)
            assert np.ptp(pixels) > 0


def row(count, wider=1.0):
    """A camera that sees a row of squares, 16 pixels each: its longest side has become 1."""
    camera = {**FRONT, "ortho_scale": wider * count / (count - 0.1)}
    return {"camera": camera, "resolution": [16 * count, 16], "images": EVERYTHING}


def test_what_the_materials_say_is_read_whatever_they_are_made_of(child, scenes, tmp_path):
    expected = json.loads((scenes / "materials.json").read_text())
    count = len(expected)
    shot = row(count)
    _, (file,) = render(child, scenes / "materials.blend", tmp_path, samples=16, **shot)
    colour, surface = layer(file, ALBEDO), layer(file, MATERIAL)
    coverage = layer(file, COVERAGE)[..., 0]
    wrong = []
    for number, (name, *wanted) in enumerate(expected):
        inside = np.s_[4:12, 16 * number + 4 : 16 * number + 12]
        assert np.allclose(coverage[inside], 1.0), name
        got = [colour[inside].mean((0, 1)), *surface[inside].mean((0, 1))]
        if not all(np.allclose(a, b, atol=2e-3) for a, b in zip(got, wanted, strict=True)):
            wrong.append(f"{name}: {[np.round(x, 3).tolist() for x in got]}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_edges_divided_by_coverage_have_the_colour_itself(child, scenes, tmp_path):
    expected = json.loads((scenes / "materials.json").read_text())
    shot = row(len(expected), wider=1.02)  # so that edges lie within pixels
    _, (file,) = render(child, scenes / "materials.blend", tmp_path, samples=64, **shot)
    coverage = layer(file, COVERAGE)
    edge = (coverage[..., 0] > 0.05) & (coverage[..., 0] < 0.95)
    first = edge & (np.arange(edge.shape[1]) < 16)
    assert first.sum() > 10
    straight = layer(file, ALBEDO)[first] / coverage[first]
    assert np.allclose(straight, expected[0][1], atol=1e-4)
    # ... and the pass itself, seen on black, is darker there
    assert layer(file, ALBEDO)[first].max() < 0.95 * max(expected[0][1])
    lengths = np.linalg.norm(layer(file, NORMAL)[first], axis=1)
    assert np.allclose(lengths, coverage[first][:, 0], atol=1e-4)  # a flat square: n times share


def test_thin_surfaces_are_seen_and_holes_are_seen_through(child, scenes, tmp_path):
    camera = {**FRONT, "fixed": [[0.0, -5, 0]], "ortho_scale": 6.0}
    shot = {"images": EVERYTHING, "camera": camera, "resolution": [96, 96], "samples": 64}
    for least, third in ((0.002, "wall"), (0.0, "pane 0.0")):
        answer, (file,) = render(
            child, scenes / "holes.blend", tmp_path / str(least), **shot,
            subject={"normalise": "none", "least_alpha": least},
        )  # fmt: skip
        names = ["", *answer["scene"]["object_names"]]
        materials = ["", *answer["scene"]["material_names"]]
        for x, wanted in ((0.0, "pane 1.0"), (1.0, "pane 0.3"), (2.0, third)):
            at = 48, round((x + 3.0) * 16)
            assert names[round(layer(file, INDEX_OBJECT)[at][0])] == wanted
            assert materials[round(layer(file, INDEX_MATERIAL)[at][0])] == wanted
            place = 0.0 if wanted == "wall" else -1.0
            assert layer(file, DEPTH)[at][0] == pytest.approx(5.0 + place, abs=1e-5)
            assert layer(file, POSITION)[at][1] == pytest.approx(place, abs=1e-5)
            assert np.allclose(layer(file, NORMAL)[at], [0, -1, 0], atol=1e-3)
            assert layer(file, COVERAGE)[at][0] == pytest.approx(1.0, abs=1e-4)
            alpha = 1.0 if wanted == "wall" else float(wanted.split()[1])
            assert layer(file, MATERIAL)[at][0] == pytest.approx(alpha, abs=1e-4)
            colour = (0.1, 0.6, 0.3) if wanted == "wall" else (0.8, 0.1, 0.05)
            assert np.allclose(layer(file, ALBEDO)[at], colour, atol=1e-4)
        # nothing is there beside the wall
        assert layer(file, DEPTH)[48, 2][0] == NOTHING_DEPTH
        assert layer(file, COVERAGE)[48, 2][0] == 0.0


def test_data_images_change_no_colour_image(child, samples, scenes, tmp_path):
    for model in (samples / "pawn.glb", samples / "gear.stl", scenes / "materials.blend"):
        _, (alone,) = render(child, model, tmp_path / f"{model.stem}-a", images=["colour"])
        _, (beside,) = render(child, model, tmp_path / f"{model.stem}-b", images=EVERYTHING)
        assert np.array_equal(layer(alone, COMBINED), layer(beside, COMBINED)), model.name


def test_nothing_of_one_object_is_in_the_next(child, samples, scenes, tmp_path):
    # whatever the one before was rendered with: A, B, C, A give A twice, in every pass
    first = small(images=EVERYTHING, lights={"rig": "own"}, camera={"distance": "fit"})
    second = small(
        images=["colour"], lights={"rig": "trellis"}, camera={"projection": "orthographic"},
        subject={"normalise": "unit-sphere", "pose": "rest", "least_alpha": 0.5},
    )  # fmt: skip
    pawn, others = samples / "pawn.glb", [scenes / "materials.blend", scenes / "lit.blend"]
    answers = [child.render(pawn, tmp_path / "0", first)]
    for number, model in enumerate(others):
        assert child.render(model, tmp_path / f"b{number}", second)["type"] == "Rendered"
    answers.append(child.render(pawn, tmp_path / "1", first))
    for answer in answers:
        assert answer.pop("render_s") > 0
        assert answer.pop("render_cpu_s") > 0
    assert answers[0] == answers[1]
    for view in answers[0]["views"]:
        a, b = ((tmp_path / run / view["files"]["passes"], view) for run in "01")
        for each in render_passes.passes(tuple(EVERYTHING)):
            assert np.array_equal(layer(a, each), layer(b, each)), each.layer


@pytest.mark.parametrize(
    ("projection", "resolution", "normalise"),
    [
        ("perspective", [96, 96], "unit-cube"),
        ("perspective", [120, 60], "unit-sphere"),
        ("perspective", [60, 90], "none"),
        ("orthographic", [120, 60], "unit-cube"),
    ],
)
def test_a_fitted_object_touches_the_margin(
    child, samples, tmp_path, projection, resolution, normalise
):
    camera = {"layout": "sphere", "projection": projection, "distance": "fit", "margin": 0.1}
    _, files = render(
        child, samples / "rocket.glb", tmp_path, views=3, resolution=resolution, samples=1,
        images=["mask"], camera=camera, subject={"normalise": normalise},
    )  # fmt: skip
    for file in files:
        seen = layer(file, DEPTH)[..., 0] < NOTHING_DEPTH
        rows, columns = np.nonzero(seen)
        width, height = resolution
        free = min(
            rows.min() / height, 1 - (rows.max() + 1) / height,
            columns.min() / width, 1 - (columns.max() + 1) / width,
        )  # fmt: skip
        # Of 'none' the origin, at which the cameras look, lies in the rocket's foot.
        assert 0.05 - 1e-9 <= free <= 0.05 + 1.5 / min(resolution)


def sphere_is(child, model, out, **keys):
    answer, (file,) = render(child, model, out, images=["position-exr"], **keys)
    view = answer["views"][0]
    seen = layer(file, DEPTH)[..., 0] < NOTHING_DEPTH
    points = view["raw_scale"] * layer(file, POSITION)[seen] + view["raw_offset"]
    return np.linalg.norm(points, axis=1)


@pytest.mark.parametrize("size", ["dark", "lit_large"])
def test_normal_forms(child, scenes, tmp_path, size):
    camera = {"fov": 60, "radius": 100 if size == "lit_large" else 3}
    model = scenes / f"{size}.blend"
    for form, radius in (
        ("unit-cube", 0.5), ("unit-sphere", 1.0), ("none", 25.0 if size == "lit_large" else 0.5),
    ):  # fmt: skip
        shot = {**camera, "radius": camera["radius"] if form == "none" else 3}
        shot["max_height"] = 1000
        got = sphere_is(
            child, model, tmp_path / form, camera=shot, subject={"normalise": form}, resolution=64
        )
        assert got.max() == pytest.approx(radius, rel=1e-3)
        assert got.min() == pytest.approx(radius, rel=5e-3)


@pytest.mark.parametrize(("form", "radius"), [("unit-cube", 0.45), ("unit-sphere", 0.9)])
def test_the_normal_form_has_the_size_asked_for(child, scenes, tmp_path, form, radius):
    subject = {"normalise": form, "size": 0.9}
    model = scenes / "lit_large.blend"
    got = sphere_is(child, model, tmp_path, camera={"radius": 2}, subject=subject, resolution=64)
    assert got.max() == pytest.approx(radius, rel=1e-3)
    assert got.min() == pytest.approx(radius, rel=5e-3)


def test_a_very_wide_lens_sees_what_k_says(child, scenes, tmp_path):
    for fov in (0.5, 60.0, 176.0):
        radius = 0.3 + 0.5 / math.tan(math.radians(fov / 2))
        camera = {"fov": fov, "radius": radius, "max_height": 1000, "northern": True}
        answer, (file,) = render(
            child, scenes / "dark.blend", tmp_path / str(fov), camera=camera, samples=1,
            images=["position-exr"], resolution=64,
        )  # fmt: skip
        view = answer["views"][0]
        depth = layer(file, DEPTH)[..., 0]
        rows, columns = np.nonzero(depth < NOTHING_DEPTH)
        points = layer(file, POSITION)[rows, columns]
        pose = np.linalg.inv(view["camera_to_world"])
        local = (points @ pose[:3, :3].T + pose[:3, 3]) * [1, -1, -1]
        pixels = local @ np.array(view["intrinsics"]).T
        pixels = pixels[:, :2] / pixels[:, 2:]
        assert np.abs(pixels - np.stack([columns, rows], axis=1) - 0.5).max() < 0.05
        assert np.allclose(local[:, 2], depth[rows, columns], rtol=1e-4)


def brightness(child, model, out, **lights):
    answer, (file,) = render(
        child, model, out, lights=lights, samples=64, resolution=32, cycles={"diffuse_bounces": 0},
        camera={"layout": "fixed", "fixed": [[0, -2, 0.5]]},
    )  # fmt: skip
    colour = layer(file, COMBINED)
    return answer["runtime"]["lights"], colour[..., :3][colour[..., 3] > 0.99]


def test_own_lights_shine_alike_on_an_object_of_any_size(child, scenes, tmp_path):
    rig, small_ = brightness(child, scenes / "lit.blend", tmp_path / "a", rig="own")
    assert rig == "own"
    rig, large = brightness(child, scenes / "lit_large.blend", tmp_path / "b", rig="own")
    assert rig == "own"
    assert abs(len(small_) - len(large)) < 10
    assert small_.mean() > 0.05
    assert large.mean() == pytest.approx(small_.mean(), rel=0.03)
    _, double = brightness(child, scenes / "lit.blend", tmp_path / "c", rig="own", strength=2.0)
    assert double.mean() == pytest.approx(2 * small_.mean(), rel=0.03)


def test_a_file_without_lights_gets_the_four_suns(child, scenes, tmp_path):
    rig, own = brightness(child, scenes / "dark.blend", tmp_path / "a", rig="own")
    assert rig == "four-suns"
    assert own.mean() > 0.1
    rig, none = brightness(child, scenes / "dark.blend", tmp_path / "b", rig="none")
    assert (rig, none.max()) == ("none", 0.0)


def test_a_files_lights_are_out_under_any_other_rig(child, scenes, tmp_path):
    for rig in ("none", "uniform", "shap-e", "area", "trellis", "four-suns"):
        _, lit = brightness(child, scenes / "lit.blend", tmp_path / f"{rig}-a", rig=rig)
        _, dark = brightness(child, scenes / "dark.blend", tmp_path / f"{rig}-b", rig=rig)
        if rig in {"area", "four-suns"}:  # drawn by the uid, which the names differ in
            assert (lit.mean() > 0) == (dark.mean() > 0)
        else:
            assert lit.mean() == pytest.approx(dark.mean(), rel=0.03)


def test_a_white_world_shows_the_albedo(child, scenes, tmp_path):
    _, (file,) = render(
        child, scenes / "dark.blend", tmp_path, images=["colour", "albedo"], samples=256,
        lights={"rig": "uniform"},
    )  # fmt: skip
    full = layer(file, COVERAGE)[..., 0] > 0.999
    shaded, albedo = layer(file, COMBINED)[full][:, :3], layer(file, ALBEDO)[full]
    assert np.allclose(albedo, 0.8, atol=1e-6)
    assert shaded.mean() == pytest.approx(0.8, rel=0.01)


def test_an_environment_picture_lights_from_where_it_is_bright(child, scenes, tmp_path):
    # Of an equirectangular picture the middle is seen towards +X, the left quarter towards +Y.
    pixels = np.zeros((16, 32, 3), np.float32)
    pixels[:, 7:9] = (20.0, 0.0, 0.0)  # a red strip a quarter from the left
    path = tmp_path / "strip.exr"
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, {"RGB": pixels}) as file:
        file.write(str(path))
    assert child.configure("cpu", str(path))["type"] == "Configured"
    sides = {"+X": [2, 0, 0], "+Y": [0, 2, 0], "-X": [-2, 0, 0], "-Y": [0, -2, 0]}
    for turn, brightest in ((0.0, "+Y"), (90.0, "-X")):
        _, files = render(
            child, scenes / "dark.blend", tmp_path / str(turn), views=4, samples=16, resolution=32,
            camera={"layout": "fixed", "fixed": list(sides.values())},
            lights={"rig": "environment", "environment": str(path), "environment_turn": turn},
        )  # fmt: skip
        red = {
            side: layer(file, COMBINED)[..., 0].mean()
            for side, file in zip(sides, files, strict=True)
        }
        assert max(red, key=red.get) == brightest, red
        assert red[brightest] > 2 * min(red.values())
        assert layer(files[0], COMBINED)[..., 1:3].max() < 1e-6


def test_an_environment_picture_that_is_none_is_refused_clearly(child, scenes, tmp_path):
    text, torn = tmp_path / "text.hdr", tmp_path / "torn.png"
    text.write_text("no picture")
    torn.write_bytes(picture("PNG")[:400])
    for path in (tmp_path / "absent.exr", tmp_path, text, torn):
        answer = child.configure("cpu", str(path))
        assert (answer["type"], answer["code"]) == ("Failed", "configuration")
        assert str(path) in answer["message"]
        recipe = small(lights={"rig": "environment", "environment": str(path)})
        answer = child.render(scenes / "dark.blend", tmp_path / "out", recipe)
        assert (answer["type"], answer["code"]) == ("Failed", "render")
        assert "environment" in answer["message"]
