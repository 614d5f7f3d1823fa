"""Points without a face: spheres where the recipe says so, else a reason that names them."""

import numpy as np
import pytest

from tests.integration.blender.albedo import views
from tests.integration.blender.driver import small
from tests.truth import cube
from tests.truth.gltf import Gltf

SHARE = 0.5
"""The spheres' diameter: half of the distance of the two points."""
PLACES = np.array([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
SRGB = np.array([[220, 40, 40], [50, 70, 220]], np.uint8)
HARMONIC = 0.28209479177387814
TYPES = {
    "uchar": ("u1", SRGB),
    "ushort": ("u2", SRGB.astype(int) * 257),
    "float": ("f4", SRGB / 255),
    "double": ("f8", SRGB / 255),
}
NAMES = ("red", "green", "blue")
SPLAT = ("f_dc_0", "f_dc_1", "f_dc_2")


def ply(path, kind="uchar", colours=SRGB, names=NAMES, places=PLACES, code="u1", order="ascii"):
    """A cloud of `places` with three columns beside them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    head = ["ply", f"format {order} 1.0", f"element vertex {len(places)}"]
    head += [f"property float {axis}" for axis in "xyz"]
    head += [*(f"property {kind} {name}" for name in names), "end_header", ""]
    if order == "ascii":
        rows = "\n".join(
            " ".join(f"{number:.9g}" for number in [*place, *colour])
            for place, colour in zip(places, colours, strict=True)
        )
        body = rows.encode() + b"\n"
    else:
        sign = "<" if "little" in order else ">"
        table = np.zeros(len(places), [("place", f"{sign}f4", 3), ("colour", f"{sign}{code}", 3)])
        table["place"], table["colour"] = places, colours
        body = table.tobytes()
    path.write_bytes("\n".join(head).encode() + body)
    return path


def assert_two_spheres(answer, found):
    """One in each colour, seen from the front, where they should be, and as large."""
    scene = answer["scene"]
    assert scene["point_count"] == 2
    np.testing.assert_allclose(scene["scene_size"]["bbox_max"], [1.5, 0.5, 0.5], atol=1e-6)
    np.testing.assert_allclose(scene["scene_size"]["bbox_min"], [-1.5, -0.5, -0.5], atol=1e-6)
    front = found[list(cube.SIDES).index((0, -1, 0))]
    halves = front[:, : front.shape[1] // 2], front[:, front.shape[1] // 2 :]
    for half, colour in zip(halves, SRGB, strict=True):
        seen = half[np.isfinite(half[..., 0])]
        assert len(seen) > 50
        np.testing.assert_allclose(np.median(seen, axis=0), cube.linear(colour), atol=3e-3)


@pytest.mark.parametrize("order", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("kind", TYPES)
def test_colours_of_any_type_are_on_the_spheres(child, tmp_path, kind, order):
    code, colours = TYPES[kind]
    model = ply(tmp_path / "object/cloud.ply", kind, colours, code=code, order=order)
    assert_two_spheres(*views(child, model, tmp_path / "out", subject={"points": SHARE}))


def test_diffuse_names_count_too(child, tmp_path):
    names = tuple(f"diffuse_{name}" for name in NAMES)
    model = ply(tmp_path / "object/cloud.ply", names=names)
    assert_two_spheres(*views(child, model, tmp_path / "out", subject={"points": SHARE}))


def test_splats_have_the_constant_term_of_their_colour(child, tmp_path):
    terms = (SRGB / 255 - 0.5) / HARMONIC
    model = ply(tmp_path / "object/splats.ply", "float", terms, SPLAT)
    assert_two_spheres(*views(child, model, tmp_path / "out", subject={"points": SHARE}))


def test_an_obj_of_vertices_alone(child, tmp_path):
    model = tmp_path / "object/cloud.obj"
    model.parent.mkdir()
    rows = zip(PLACES, SRGB / 255, strict=True)
    model.write_text("".join(f"v {p[0]} {p[1]} {p[2]} {c[0]} {c[1]} {c[2]}\n" for p, c in rows))
    assert_two_spheres(*views(child, model, tmp_path / "out", subject={"points": SHARE}))


def test_points_of_a_gltf_in_a_node_that_is_scaled(child, tmp_path):
    made = Gltf()
    made.add(made.primitive(PLACES / 4, mode=0), scale=[4, 4, 4])
    model = tmp_path / "object/cloud.glb"
    model.parent.mkdir()
    model.write_bytes(made.glb())
    answer = child.render(model, tmp_path / "out", small(subject={"points": SHARE}))
    np.testing.assert_allclose(
        answer["scene"]["scene_size"]["bbox_max"], [1.5, 0.5, 0.5], atol=1e-5
    )


@pytest.mark.parametrize("subject", [{}, {"points": SHARE}])
def test_points_that_are_no_numbers_are_left_out(child, tmp_path, subject):
    places = np.vstack([PLACES, [[np.nan, 0, 0]], [[0, np.inf, 0]]])
    colours = np.vstack([SRGB, SRGB])
    model = ply(tmp_path / "object/cloud.ply", colours=colours, places=places)
    answer = child.render(model, tmp_path / "out", small(subject=subject))
    if subject:
        assert answer["scene"]["scene_size"]["bbox_max"] == [1.5, 0.5, 0.5]
    else:
        assert answer["code"] == "empty"


@pytest.mark.parametrize(
    ("names", "kind", "says"),
    [
        (NAMES, "uchar", "a point cloud (2 points without a face); subject.points shows them"),
        (SPLAT, "float", "3D Gaussian splats (2 splats without a face); subject.points shows them"),
    ],
)
def test_without_the_key_the_reason_names_what_it_is(child, tmp_path, names, kind, says):
    model = ply(tmp_path / "object/cloud.ply", kind, SRGB, names)
    answer = child.render(model, tmp_path / "out", small())
    assert (answer["type"], answer["code"]) == ("Failed", "empty")
    assert answer["message"].startswith(says)
    assert answer["can_go_on"]


def test_points_beside_faces_stay_unseen_without_the_key(child, tmp_path):
    made = Gltf()
    made.material()
    made.add(made.primitive(cube.POINTS))
    made.add(made.primitive(cube.points(9.0), mode=0))
    model = tmp_path / "object/both.glb"
    model.parent.mkdir()
    model.write_bytes(made.glb())
    plain = child.render(model, tmp_path / "plain", small())
    assert plain["scene"]["scene_size"]["bbox_max"] == [0.5, 0.5, 0.5]
    shown = child.render(model, tmp_path / "shown", small(subject={"points": 0.1}))
    np.testing.assert_allclose(shown["scene"]["scene_size"]["bbox_max"], [4.95] * 3, atol=1e-5)


def test_a_cloud_of_many_points_has_coarser_spheres_that_reach_as_far(child, tmp_path):
    drawn = np.random.default_rng(0).uniform(-1, 1, (12_000, 3))
    colours = np.full((len(drawn), 3), 128)
    model = ply(
        tmp_path / "object/many.ply", colours=colours, places=drawn, order="binary_little_endian"
    )
    answer = child.render(model, tmp_path / "out", small(subject={"points": 0.01}))
    size = answer["scene"]["scene_size"]
    reach = 0.005 * float(np.ptp(drawn.astype(np.float32), axis=0).max())
    np.testing.assert_allclose(size["bbox_max"], drawn.max(axis=0) + reach, atol=1e-5)
    np.testing.assert_allclose(size["bbox_min"], drawn.min(axis=0) - reach, atol=1e-5)


def test_too_many_points_are_refused_before_anything_is_made(child, tmp_path):
    places = np.random.default_rng(0).uniform(-1, 1, (2_000_001, 3))
    colours = np.zeros((len(places), 3))
    model = ply(
        tmp_path / "object/many.ply", colours=colours, places=places, order="binary_little_endian"
    )
    answer = child.render(model, tmp_path / "out", small(subject={"points": 0.01}))
    assert (answer["type"], answer["code"]) == ("Failed", "too_large")
    assert "2,000,001 points" in answer["message"]


POINTS_USDA = """#usda 1.0
(
    upAxis = "Z"
    metersPerUnit = 1
)
def Points "Cloud"
{
    point3f[] points = %s
    color3f[] primvars:displayColor = %s (
        interpolation = "vertex"
    )
}
"""


def test_points_of_usd_get_the_size_and_have_their_colours(child, tmp_path):
    if "usda" not in child.ready["formats"]:
        pytest.skip("this Blender reads no USD")
    model = tmp_path / "object/cloud.usda"
    model.parent.mkdir()
    linear = [tuple(map(float, cube.linear(colour))) for colour in SRGB]
    places = [tuple(map(float, place)) for place in PLACES]
    model.write_text(POINTS_USDA % (places, linear))
    assert_two_spheres(*views(child, model, tmp_path / "out", subject={"points": SHARE}))
