"""Image kinds on made-up passes: what each stores, and where nothing is seen."""

import io
import json
import math
import struct
import zipfile
import zlib

import numpy as np
import OpenEXR
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.raw_views import rendered_object, write_passes
from worker import presets
from worker.codecs import image_formats, srgb
from worker.contract import render_passes
from worker.contract.recipe import IMAGES, VIEW_RECORDS
from worker.core import keys
from worker.pack import records as packed_records
from worker.pack.kinds import IMAGE_KINDS, colour, depth, index, material, normal
from worker.pack.pack import pack
from worker.pack.raw import RawView

SIZE = (6, 5)
"""Width, height of every made-up view."""
TOLD = {"quantity", "channels", "space", "encoding", "range", "unit", "read", "invalid"}


def plane(value):
    return np.full((*SIZE[::-1], np.size(value)), value, np.float32)


def surface(**changes):
    """Passes of a view whose right half sees a surface, its middle column half of one."""
    seen = np.zeros((*SIZE[::-1], 1), np.float32)
    seen[:, 3] = 0.5
    seen[:, 4:] = 1.0
    there = seen > 0
    passes = {
        render_passes.COMBINED: np.concatenate([plane([0.8, 0.4, 0.1]), plane(1)], -1) * seen,
        render_passes.DEPTH: np.where(there, plane(2.5), render_passes.NOTHING_DEPTH),
        render_passes.NORMAL: plane([0.6, 0.0, 0.8]) * seen,
        render_passes.POSITION: np.where(there, plane([0.1, -0.2, 0.3]), 0),
        render_passes.INDEX_OBJECT: np.where(there, plane(3), 0),
        render_passes.INDEX_MATERIAL: np.where(there, plane(7), 0),
        render_passes.ALBEDO: plane([0.8, 0.4, 0.1]) * seen,
        render_passes.MATERIAL: plane([0.25, 1.0, 0.5]) * seen,
        render_passes.COVERAGE: seen,
    }
    return {**passes, **changes}


@pytest.fixture
def made(tmp_path):
    """A function from image kind (and overrides, and passes) to the file it makes, read back."""

    def make(kind, *overrides, passes=None, pose=None):
        recipe = presets.load(
            "default", [f'images=["{kind}"]', "views=1", f"resolution={list(SIZE)}", *overrides]
        )
        raw = rendered_object(tmp_path / "raw", recipe)
        view = raw.answer.views[0]
        if pose is not None:
            view.camera_to_world[:] = np.asarray(pose, float).tolist()
        write_passes(raw.scratch / view.files["passes"], passes or surface())
        folder = tmp_path / kind
        folder.mkdir(exist_ok=True)
        with zipfile.ZipFile(pack(raw, recipe, folder).path) as zipped:
            members = {name.partition("/")[2]: zipped.read(name) for name in zipped.namelist()}
        told = json.loads(members["metadata.json"])["render_worker"]["images"][kind]
        assert told.keys() >= TOLD
        name = told["files"].replace("NNN", view.name)
        facts = json.loads(members["cameras.json"])["views"][0]
        assert facts["files"] == {kind: name}
        return read(name, members[name]), told, facts["facts"].get(kind)

    return make


def read(name, data):
    if name.endswith(".npy"):
        return np.load(io.BytesIO(data))
    if name.endswith(".exr"):
        found = OpenEXR.File(io.BytesIO(data), separate_channels=True).channels()
        order = [letter for letter in ("R", "G", "B", "A", "X", "Y", "Z") if letter in found]
        return np.stack([found[letter].pixels for letter in order], -1).squeeze()
    if name.endswith("normal16.png"):
        return deep(data)
    return np.asarray(Image.open(io.BytesIO(data)))


def deep(data):
    """A 16-bit RGB PNG, by the standard: chunks, inflate, unfiltered rows."""
    at, body = 8, b""
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length : at + 12 + length])[0] == zlib.crc32(
            name + chunk
        )
        if name == b"IHDR":
            width, height, bits, kind = struct.unpack(">IIBB", chunk[:10])
            assert (bits, kind) == (16, 2)
        body += chunk if name == b"IDAT" else b""
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any(), "every row unfiltered"
    return np.ascontiguousarray(rows[:, 1:]).view(">u2").reshape(height, width, 3).astype(int)


def test_every_kind_and_record_of_a_recipe_is_made():
    assert (
        set(IMAGE_KINDS)
        == set(IMAGES)
        == set(render_passes.PASSES_BY_IMAGE_KIND)
        == set(keys.IMAGE_ENDINGS)
    )
    assert set(packed_records.VIEW_RECORDS) == set(VIEW_RECORDS)


@pytest.mark.parametrize("kind", IMAGES)
def test_a_kind_has_the_passes_it_reads_and_no_more_is_rendered(tmp_path, kind):
    recipe = presets.load("default", [f'images=["{kind}"]', "views=1", f"resolution={list(SIZE)}"])
    raw = rendered_object(tmp_path / "raw", recipe)
    view = raw.answer.views[0]
    wanted = render_passes.passes((kind,))
    passes = {each: pixels for each, pixels in surface().items() if each in wanted}
    write_passes(raw.scratch / view.files["passes"], passes)
    pixels = IMAGE_KINDS[kind].encode(RawView(view, raw.scratch), recipe)
    assert pixels.shape[:2] == SIZE[::-1]


def test_fixed_depth_is_gpt4points(made):
    z = np.linspace(0, 4.9999, 30, dtype=np.float32).reshape(5, 6, 1)
    z[0, :3, 0] = [render_passes.NOTHING_DEPTH, 5.1, 1e4]
    image, told, facts = made("depth", "depth.far=5", passes=surface() | {render_passes.DEPTH: z})
    expected = [round(min(float(value) / 5, 1) * 65535) for value in z.ravel()]
    expected[:3] = [65535] * 3
    assert image.ravel().tolist() == expected
    assert (told["range"], told["invalid"]) == ([0.0, 5.0], 65535)
    assert facts == {"near": 0.0, "far": 5.0}


def test_a_view_with_its_own_range_uses_all_of_it(made):
    z = np.linspace(1.5, 2.25, 30, dtype=np.float32).reshape(5, 6, 1)
    z[2, 2, 0] = render_passes.NOTHING_DEPTH
    settings = ["depth.mode=per-view", "depth.invalid=0"]
    image, _, facts = made("depth", *settings, passes=surface() | {render_passes.DEPTH: z})
    assert facts == {"near": 1.5, "far": 2.25}
    assert (image == 0).sum() == 1
    assert image[2, 2] == 0
    assert (image.min(), image.max(), image[0, 0]) == (0, 65535, 1)
    back = 1.5 + 0.75 * image / 65535
    error = np.abs(back - z[..., 0])[image > 0]
    assert error.max() <= 0.75 / 65535


def test_a_view_without_anything_has_a_range_all_the_same(made):
    empty = plane(render_passes.NOTHING_DEPTH)
    image, _, facts = made(
        "depth", "depth.mode=per-view", passes=surface() | {render_passes.DEPTH: empty}
    )
    assert (image == 65535).all()
    assert facts["near"] < facts["far"]


@pytest.mark.parametrize("invalid", [0, 65535])
@pytest.mark.parametrize("distance", [0.01, 2.5, 30_000.0])
def test_a_wall_square_to_the_camera_has_a_range_too(made, distance, invalid):
    """All depths of the view are one, and a reader must not divide by far - near = 0."""
    passes = surface() | {render_passes.DEPTH: plane(distance)}
    passes[render_passes.DEPTH][0, 0] = render_passes.NOTHING_DEPTH
    settings = ("depth.mode=per-view", f"depth.invalid={invalid}")
    image, _, facts = made("depth", *settings, passes=passes)
    near, far = facts["near"], facts["far"]
    assert near < far
    assert image[0, 0] == invalid
    there = image != invalid
    assert there.sum() == image.size - 1
    # To one step of the range, which is itself as small as a step of a range from 0 to the wall.
    assert far - near <= max(distance, 1.0) / 65535 * (1 + 1e-9)
    back = near + (far - near) * image[there] / 65535
    assert np.abs(back - np.float32(distance)).max() <= (far - near) / 65535 * 1.001


@given(
    st.lists(st.floats(width=32), min_size=1, max_size=20),
    st.floats(0, 100),
    st.floats(0.125, 1000),
    st.sampled_from([0, 65535, 1234]),
)
def test_any_depth_is_invalid_or_comes_back_within_a_step(values, near, width, invalid):
    far = near + width
    z = np.array([values], np.float32)
    z = np.where(depth.seen(z), z, np.inf).astype(np.float32)
    image = depth.to_16_bits(z, near, far, invalid)
    back = near + (far - near) * image.astype(float) / 65535
    inside = (z.astype(float) >= near) & (z.astype(float) <= far)
    np.testing.assert_array_equal(image != invalid, inside)
    step = (far - near) / 65535
    assert (np.abs(back - z)[inside] <= step * 1.001 + far * 1e-7).all()


def test_float_depth_is_the_pass_and_infinite_behind_it(made):
    for kind in ("depth-exr", "depth-npy"):
        z, told, _ = made(kind)
        assert z.dtype == np.float32
        assert (z[:, 3:] == 2.5).all(), "half-covered pixels too"
        assert np.isposinf(z[:, :3]).all()
        assert told["invalid"] == "infinity"


def test_half_depth_is_float16_bits(made):
    z = plane(render_passes.NOTHING_DEPTH)
    z[0, :, 0] = [0.1, 1.0, 2.0004883, 65504, 65536, 3e7]
    image, told, _ = made("depth-f16", passes=surface() | {render_passes.DEPTH: z})
    assert image.dtype == np.uint16
    row = image.view(np.float16)[0].astype(float)
    np.testing.assert_allclose(row, [0.1, 1.0, 2.0, 65504, 0, 0], rtol=1e-3)
    assert (image[1:] == 0).all()
    assert told["invalid"] == 0


def test_normals_are_unit_vectors_on_edges_too(made):
    for kind, top in (("normal", 255), ("normal-16", 65535)):
        image, told, _ = made(kind)
        assert (image[:, :3] == 0).all()
        expected = np.rint((np.array([0.6, 0, 0.8]) / 2 + 0.5) * top)
        assert (image[:, 3:] == expected).all()
        vector = image[0, 3] / top * 2 - 1
        assert math.degrees(math.acos(min(1.0, vector @ [0.6, 0, 0.8]))) < 90 / top * 2
        assert told["invalid"] == [0, 0, 0]
    vectors, _, _ = made("normal-exr")
    np.testing.assert_allclose(vectors[:, 3:], np.broadcast_to([0.6, 0, 0.8], (5, 3, 3)), atol=1e-6)
    assert (vectors[:, :3] == 0).all()


def test_camera_normals_point_to_the_camera(made):
    # The camera at +X looks along -X, its right is +Y: what faces it has the normal +X.
    pose = np.array([[0, 0, 1, 2], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]], float)
    for world, seen in (((1, 0, 0), (0, 0, 1)), ((0, 1, 0), (1, 0, 0)), ((0, 0, 1), (0, 1, 0))):
        passes = surface() | {render_passes.NORMAL: plane(world)}
        vectors, told, _ = made("normal-exr", "normal.space=camera", passes=passes, pose=pose)
        np.testing.assert_allclose(vectors[0, 0], seen, atol=1e-6)
        assert told["space"].startswith("camera")


@given(st.lists(st.floats(-1, 1, width=32), min_size=3, max_size=3))
def test_a_normal_comes_back_within_a_step(values):
    vectors = normal.unit(np.array([[values]], np.float32))
    length = np.linalg.norm(vectors)
    assert length == pytest.approx(1, abs=1e-5) or length == 0
    for top in (255, 65535):
        image = normal.to_integers(vectors, top)
        if length == 0:
            assert not image.any()
        else:
            back = image / top * 2 - 1
            assert np.abs(back - vectors).max() <= 1 / top + 1e-6
            assert image.any(), "a normal is never the mark for none"


def test_odd_normals_are_none():
    odd = np.array([[[np.nan, 0, 1], [np.inf, 0, 0], [0, 0, 0], [1e-9, 0, 0]]], np.float32)
    assert not normal.unit(odd).any()


def test_albedo_has_no_dark_fringe(made):
    image, _, _ = made("albedo")
    colour_8 = srgb.encode(np.array([0.8, 0.4, 0.1], np.float32))
    assert (image[:, 3:, :3] == colour_8).all()
    assert image[0, :, 3].tolist() == [0, 0, 0, 128, 255, 255]
    assert not image[:, :3].any()


def test_material_values_are_of_the_surface_alone(made):
    for kind, value, top in (("alpha", 0.25, 65535), ("metallic", 1, 255), ("roughness", 0.5, 255)):
        image, _, _ = made(kind)
        assert (image[:, 3:] == round(value * top)).all(), "half-covered pixels too"
        assert not image[:, :3].any()
        assert image.dtype == (np.uint16 if top > 255 else np.uint8)


def test_odd_material_values_stay_in_range():
    odd = np.array([[[np.nan], [np.inf], [-1], [7]]], np.float32)
    straight = material.straight(odd, np.ones_like(odd))
    assert material.to_integers(straight, 255).ravel().tolist() == [0, 0, 0, 255]
    assert not material.straight(odd, np.zeros_like(odd)).any()


def test_coverage_is_a_share_whatever_the_pass_holds(tmp_path):
    recipe = presets.load("default", ['images=["albedo"]', "views=1", f"resolution={list(SIZE)}"])
    raw = rendered_object(tmp_path / "raw", recipe)
    view = raw.answer.views[0]
    passes = surface()
    passes[render_passes.COVERAGE][0, :, 0] = [np.nan, np.inf, -np.inf, -0.5, 1.5, 0.25]
    write_passes(raw.scratch / view.files["passes"], passes)
    share = material.coverage(RawView(view, raw.scratch))
    assert share[0, :, 0].tolist() == [0, 1, 0, 0, 1, 0.25]


def test_mask_numbers_and_positions(made):
    mask, _, _ = made("mask")
    assert mask[0].tolist() == [0, 0, 0, 255, 255, 255]
    assert made("index-object")[0][0].tolist() == [0, 0, 0, 3, 3, 3]
    assert made("index-material")[0][0].tolist() == [0, 0, 0, 7, 7, 7]
    places, _, _ = made("position-exr")
    assert np.isnan(places[:, :3]).all()
    np.testing.assert_array_equal(places[0, 4], np.float32([0.1, -0.2, 0.3]))


def test_a_pixel_that_is_hardly_covered_tells_of_its_surface_all_the_same():
    covered = np.float32([[[1.0], [0.25], [1e-3], [1.1e-5], [9e-6], [0.0]]])
    found = material.straight(covered * np.float32(0.5), covered)
    np.testing.assert_allclose(found.ravel(), [0.5, 0.5, 0.5, 0.5, 0, 0], rtol=1e-6)


def test_large_and_odd_numbers_stay_16_bits():
    odd = np.array([70000, -3, np.nan, np.inf, 2.4], np.float32)
    assert index.to_integers(odd).tolist() == [65535, 0, 0, 65535, 2]


def test_linear_colour_is_half_floats_of_the_pass(made):
    image, told, _ = made("colour-exr")
    assert image.dtype == np.float16
    expected = surface()[render_passes.COMBINED].astype(np.float16)
    np.testing.assert_array_equal(image, expected)
    assert told["alpha"].startswith("premultiplied")
    odd = np.array([[[np.nan, np.inf, -np.inf, 1e9]]], np.float32)
    assert colour.to_half(odd).ravel().tolist() == [0, 65504, 0, 65504]


@pytest.mark.parametrize(("background", "value"), [("white", 255), ("black", 0)])
def test_a_background_is_what_a_reader_would_make(made, background, value):
    clear, _, _ = made("colour")
    image, told, _ = made("colour", f"colour.background={background}")
    assert image.shape == (*SIZE[::-1], 3)
    alpha = clear[..., 3:] / 255
    expected = clear[..., :3] * alpha + value * (1 - alpha)
    assert np.abs(image - expected).max() <= 0.5 + 1e-9
    assert told["channels"] == "RGB"


@given(st.binary(min_size=8, max_size=8), st.sampled_from([0, 255]))
def test_blending_rounds_to_the_nearest(data, background):
    pixels = np.frombuffer(data, np.uint8).reshape(1, 2, 4)
    got = colour.over(pixels, background)
    exact = (pixels[..., :3] * 1.0 * pixels[..., 3:] + background * (255.0 - pixels[..., 3:])) / 255
    assert np.abs(got - exact).max() <= 0.5 + 1e-9


FORMS = {
    "RGBA": (image_formats.RGBA, np.full((5, 6, 4), 7, np.uint8)),
    "RGB": (image_formats.RGB, np.full((5, 6, 3), 7, np.uint8)),
    "GREY": (image_formats.GREY, np.full((5, 6), 7, np.uint8)),
    "GREY_16": (image_formats.GREY_16, np.full((5, 6), 777, np.uint16)),
    "RGB_16": (image_formats.RGB_16, np.full((5, 6, 3), 777, np.uint16)),
    "EXR_RGBA": (image_formats.EXR_RGBA, np.full((5, 6, 4), 0.5, np.float16)),
    "EXR_XYZ": (image_formats.EXR_XYZ, np.full((5, 6, 3), 0.5, np.float32)),
    "EXR_Z": (image_formats.EXR_Z, np.full((5, 6), 0.5, np.float32)),
    "NPY": (image_formats.NPY, np.full((5, 6), 0.5, np.float32)),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_is_the_same_each_time_and_a_damaged_one_is_refused(name):
    file, pixels = FORMS[name]
    data = file.encode(pixels)
    assert data == file.encode(pixels.copy())
    file.check(data, SIZE)
    with pytest.raises(image_formats.Unreadable):
        file.check(data, (6, 6))
    for keep in (0, 7, len(data) // 2, len(data) - 1):
        with pytest.raises(image_formats.Unreadable):
            file.check(data[:keep], SIZE)


@pytest.mark.parametrize("name", [name for name in FORMS if FORMS[name][1].dtype.kind == "u"])
def test_one_png_is_not_taken_for_another(name):
    data = FORMS[name][0].encode(FORMS[name][1])
    for other, (file, pixels) in FORMS.items():
        if other != name and pixels.dtype.kind == "u":
            with pytest.raises(image_formats.Unreadable):
                file.check(data, SIZE)
