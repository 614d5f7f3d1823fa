"""Every image kind, in every form that a recipe can give it, is read as docs/images.md says."""

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from render_worker import MissingData, open_output
from tests.integration.library import files
from tests.raw_views import rendered_object, write_passes
from tests.unit.test_pack_kinds import SIZE, surface
from worker import presets
from worker.contract.recipe import IMAGES
from worker.pack.pack import pack

LINEAR = (0.8, 0.4, 0.1)
NORMAL = (0.6, 0.0, 0.8)


def srgb(value):
    """IEC 61966-2-1."""
    value = np.asarray(value)
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)


OPAQUE = (*srgb(LINEAR), 1)
CLEAR = (0, 0, 0, 0)
EXPECTED = {
    # kind: (where nothing is seen, of the surface, tolerance)
    "colour": (CLEAR, OPAQUE, 0.5 / 255),
    "colour-exr": (CLEAR, (*LINEAR, 1), 1e-3),
    "depth": (np.inf, 2.5, 5 / 65535),
    "depth-exr": (np.inf, 2.5, 0),
    "depth-npy": (np.inf, 2.5, 0),
    "depth-f16": (np.inf, 2.5, 0),
    "normal": ((0, 0, 0), NORMAL, 1 / 255),
    "normal-16": ((0, 0, 0), NORMAL, 1 / 65535),
    "normal-exr": ((0, 0, 0), NORMAL, 1e-6),
    "albedo": (CLEAR, OPAQUE, 0.5 / 255),
    "alpha": (0, 0.25, 1 / 65535),
    "metallic": (0, 1, 0),
    "roughness": (0, 0.5, 1 / 255),
    "mask": (0, 1, 0),
    "index-object": (0, 3, 0),
    "index-material": (0, 7, 0),
    "position-exr": ((np.nan,) * 3, (0.1, -0.2, 0.3), 1e-6),
}
PROPERTIES = {
    "colour": "colour", "colour-exr": "linear_colour", "albedo": "albedo", "alpha": "alpha",
    "metallic": "metallic", "roughness": "roughness", "mask": "mask",
    "index-object": "object_index", "index-material": "material_index", "position-exr": "position",
    "depth": "depth", "depth-exr": "depth", "depth-npy": "depth", "depth-f16": "depth",
    "normal": "normal", "normal-16": "normal", "normal-exr": "normal",
}  # fmt: skip
FORMS = [
    *((kind, ()) for kind in IMAGES),
    ("depth", ("depth.invalid=0", "depth.near=1")),
    ("depth", ('depth.mode="per-view"',)),
    ("depth", ('depth.mode="per-view"', "depth.invalid=0")),
]


@pytest.fixture
def view_of(tmp_path):
    """A function from image kinds and settings to the one view of an object that has them."""

    def make(kinds, *settings):
        images = ",".join(f'"{kind}"' for kind in kinds)
        recipe = presets.load(
            "default",
            [f"images=[{images}]", "views=1", f"resolution={list(SIZE)}", "colour.exposure=0",
             *settings],
        )  # fmt: skip
        raw = rendered_object(tmp_path / "raw", recipe)
        write_passes(raw.scratch / raw.answer.views[0].files["passes"], surface())
        (found,) = open_output(pack(raw, recipe, tmp_path).path)
        return found.views[0]

    return make


def test_every_kind_is_expected():
    assert set(EXPECTED) == set(PROPERTIES) == set(IMAGES)


@pytest.mark.parametrize(("kind", "settings"), FORMS)
def test_values(view_of, kind, settings):
    view = view_of([kind], *settings)
    nothing, seen, tolerance = EXPECTED[kind]
    values = view.image(kind)
    np.testing.assert_array_equal(values, getattr(view, PROPERTIES[kind]))
    assert values.shape[:2] == SIZE[::-1] == (view.height, view.width)
    assert values.dtype in (np.float32, np.bool_, np.uint16)
    for column, expected in ((0, nothing), (2, nothing), (4, seen), (5, seen)):
        wanted = np.broadcast_to(np.asarray(expected, float), values[:, column].shape)
        np.testing.assert_allclose(
            values[:, column].astype(float), wanted, rtol=0, atol=tolerance + 1e-6
        )


@pytest.mark.parametrize(("background", "grey"), [("white", 1.0), ("black", 0.0)])
def test_colour_on_a_background_is_opaque(view_of, background, grey):
    view = view_of(["colour"], f'colour.background="{background}"')
    assert view.raw("colour").shape == (*SIZE[::-1], 3)
    np.testing.assert_array_equal(view.colour[:, 0], [[grey, grey, grey, 1]] * SIZE[1])
    np.testing.assert_allclose(view.colour[:, 5], [OPAQUE] * SIZE[1], atol=1 / 255)


@pytest.mark.parametrize("kind", ["normal", "normal-16", "normal-exr"])
@pytest.mark.parametrize("space", ["world", "camera"])
def test_normals_in_any_axes(view_of, kind, space):
    """`surface` has world normals; the camera's axes are the columns of its pose."""
    view = view_of([kind], f'normal.space="{space}"')
    opengl = view.c2w_opengl[:3, :3].T @ NORMAL
    for axes, expected in (("world", NORMAL), ("opengl", opengl), ("opencv", opengl * [1, -1, -1])):
        found = view.normals(axes)
        np.testing.assert_allclose(found[:, 4], [expected] * SIZE[1], atol=1.5 / 255)
        np.testing.assert_array_equal(found[:, 0], np.zeros((SIZE[1], 3)))
    np.testing.assert_array_equal(view.normal, view.normals("world"))
    stored = NORMAL if space == "world" else opengl
    np.testing.assert_allclose(view.image(kind)[:, 4], [stored] * SIZE[1], atol=1.5 / 255)
    with pytest.raises(ValueError, match="axes 'blender'"):
        view.normals("blender")


def test_raw_numbers_are_those_of_pillow_and_openexr(made, tmp_path):
    """All files, decoded by hand."""
    found = open_output(made)[0]
    folder = files.unzipped(made, found.uid, tmp_path)
    for view in found.views:
        for kind in view.kinds:
            path = folder / view.files[kind]
            assert view.data(kind) == path.read_bytes()
            stored = view.raw(kind)
            if path.suffix == ".exr":
                planes = OpenEXR.File(str(path), separate_channels=True).channels()
                names = {"colour-exr": "RGBA", "depth-exr": "Z", "normal-exr": "XYZ"}[kind]
                theirs = np.stack([planes[name].pixels for name in names], -1).squeeze()
            elif path.suffix == ".npy":
                theirs = np.load(path)
            else:
                theirs = np.asarray(Image.open(path))
                if kind == "normal-16":  # of which Pillow keeps the upper bytes
                    stored = stored >> 8
            np.testing.assert_array_equal(stored, theirs)


def test_an_image_that_is_not_there(made, view_of):
    view = view_of(["mask"])
    with pytest.raises(MissingData, match=r"has no depth .* only mask"):
        _ = view.depth
    with pytest.raises(MissingData, match="has no colour images, only mask"):
        _ = view.colour
    with pytest.raises(MissingData, match="has no painting images"):
        view.image("painting")


def test_names_that_indices_count(made, tmp_path):
    uid = open_output(made)[0].uid
    changed = files.rewritten(
        made, uid, tmp_path,
        {"metadata.json": lambda told: {**told, "object_names": ["a", "b"],
                                        "material_names": ["red"]}},
    )  # fmt: skip
    (found,) = open_output(changed)
    assert (found.object_names, found.material_names) == (["a", "b"], ["red"])
