"""Odd and bad objects: an outcome with a code, or the surface none the less."""

import numpy as np
import pytest

from worker.core.errors import Empty, ObjectError, TooLarge

SQUARE = ("v -1 -1 0", "v 1 -1 0", "v 1 1 0", "v -1 1 0")
BESIDE = ("v 3 -1 0", "v 3 1 0")


def areas(baked):
    """Of the square's halves, left and right of x = 1 in the file, the share of the pixels."""
    place, _, _, _ = baked.texels()
    return (place[:, 0] < 0).mean(), (place[:, 0] > 0).mean()


@pytest.mark.parametrize(
    "lines",
    [
        SQUARE,
        (*SQUARE, "l 1 2 3"),
        (*SQUARE, "p 1 2 3"),
        ("v 0 0 0", "v 1 1 1", "v 2 2 2", "f 1 2 3"),
        ("v 1 1 1", "v 1 1 1", "v 1 1 1", "f 1 2 3"),
        ("v 0 0 0", "v 1e300 0 0", "v 0 1e300 0", "f 1 2 3"),
    ],
    ids=["points", "lines", "point-elements", "no-area", "no-size", "endless"],
)
def test_nothing_to_bake(bake, obj, lines):
    with pytest.raises(ObjectError) as failure:
        bake(obj(*lines))
    assert failure.value.code in {"empty", "import"}
    assert str(failure.value)


def test_more_faces_than_are_taken(bake, obj):
    with pytest.raises(TooLarge, match="more than 1 triangles"):
        bake(obj(*SQUARE, "f 1 2 3 4"), "omage.most_faces=1")


def test_no_chart_is_large_enough(bake, obj):
    with pytest.raises(Empty, match="no chart is large enough"):
        bake(obj(*SQUARE, "f 1 2 3 4"), "omage.least_area=10")


@pytest.mark.parametrize("bad", ["nan nan", "inf 0", "1e30 0", "0.5 0.5"])
def test_uvs_that_are_none_get_new_ones(bake, obj, bad):
    baked = bake(obj(*SQUARE, f"vt {bad}", "f 1/1 2/1 3/1 4/1"))
    assert baked.facts["surface_kept"] == 1.0
    assert baked.facts["uv_map"] == "made"
    assert baked.facts["surface_without_uv"] == 1.0


def test_a_part_without_uvs_gets_some_beside_those_with(bake, obj):
    baked = bake(
        obj(
            *SQUARE,
            *BESIDE,
            "vt 0 0",
            "vt 1 0",
            "vt 1 1",
            "vt 0 1",
            "f 1/1 2/2 3/3 4/4",
            "f 2 5 6 3",
        )
    )
    assert baked.facts["surface_without_uv"] == pytest.approx(0.5)
    assert baked.facts["uv_map"] == "file"
    assert areas(baked) == pytest.approx((0.5, 0.5), abs=0.02)


def test_parts_that_share_their_place_in_the_map(bake, obj):
    both = bake(
        obj(*SQUARE, *BESIDE, "vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1",
            "f 1/1 2/2 3/3 4/4", "f 2/1 5/2 6/3 3/4")
    )  # fmt: skip
    assert both.facts["charts_kept"] == 2
    assert areas(both) == pytest.approx((0.5, 0.5), abs=0.02)


def test_a_map_mirrored_at_the_middle(bake, obj):
    mirrored = bake(
        obj(*SQUARE, *BESIDE, "vt 0 0", "vt 1 0", "vt 1 1", "vt 0 1",
            "f 1/1 2/2 3/3 4/4", "f 2/2 5/1 6/4 3/3")
    )  # fmt: skip
    assert mirrored.facts["charts_kept"] == 2
    assert mirrored.facts["surface_on_itself"] == 0.0
    assert areas(mirrored) == pytest.approx((0.5, 0.5), abs=0.02)


def test_a_chart_that_lies_on_itself_is_cut_anew(bake, obj):
    """A strip wound three times round in the map: every turn on the one before."""
    turns, lines, faces = 96, [], []
    for k in range(turns + 1):
        angle = 3 * 2 * np.pi * k / turns
        for row, radius in enumerate((0.25, 0.5)):
            lines.append(f"v {k / turns * 6} {row} {0.3 * np.sin(k / 4)}")
            lines.append(f"vt {0.5 + radius * np.cos(angle)} {0.5 + radius * np.sin(angle)}")
    for k in range(turns):
        a, b, c, d = 2 * k + 1, 2 * k + 3, 2 * k + 4, 2 * k + 2
        faces.append(f"f {a}/{a} {b}/{b} {c}/{c} {d}/{d}")
    baked = bake(obj(*lines, *faces))
    assert baked.facts["surface_cut_anew"] > 0.9
    assert baked.facts["surface_on_itself"] == 0.0
    place, _, _, _ = baked.texels()
    found, _ = np.histogram(place[:, 0], bins=6, range=(-1, 1))
    assert found.min() > 0.5 * found.max()


def test_faces_twice_at_one_place(bake, obj):
    once, twice = (bake(obj(*SQUARE, *(["f 1 2 3 4"] * count))) for count in (1, 2))
    assert (once.image() == twice.image()).all()
