"""Textures that lie about their size, and bombs, through the real worker."""

import pytest

from tests.integration.hostile import lying_pictures
from tests.integration.hostile.lying_pictures import BOMBS, LYING

USED = {
    "TIFF of strips elsewhere", "TIFF of folders in a circle", "DDS of 4 billion mips",
    "EXR that is a PNG",
}  # fmt: skip
"""Blender shows these as the small pictures that they are."""
HEAVY = {"TIFF of 30000 squared", *BOMBS}
"""What they say is true or cannot be told before; the limits of memory and time hold."""


@pytest.fixture(scope="module")
def outcomes(render):
    return render(lying_pictures.all_of())


@pytest.mark.parametrize("what", sorted(LYING.keys() - HEAVY))
def test_a_picture_that_lies_is_missing_and_the_object_is_rendered(outcomes, what):
    line = outcomes[what]
    assert line["outcome"] == "rendered", line
    assert line["missing_textures"] == (what not in USED)


@pytest.mark.parametrize("what", sorted(HEAVY))
def test_what_unpacks_to_too_much_ends_by_a_limit_or_is_shown(outcomes, what):
    assert outcomes[what].get("code") in {"memory", "timeout", None}


def test_good_pictures_beside_them_are_used(outcomes):
    good = [line for what, line in outcomes.items() if what.startswith("good ")]
    assert [line.get("missing_textures") for line in good] == [0] * 4
