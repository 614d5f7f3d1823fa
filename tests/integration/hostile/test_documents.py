"""Models that promise more than they hold, through the real worker: an outcome each."""

import pytest

from tests.fuzz.seeds import Model
from tests.integration.hostile import lying_documents

OUTCOMES = {
    # what they begin with: the codes that they may have; None: rendered as far as they go
    "glTF": {"import", "empty", "memory", "timeout", None},
    "COLLADA": {"import", "empty", "crash"},
    "OBJ": {"empty", None},
    "PLY": {"import", "empty"},
    "STL": {"import", "empty"},
    "OFF": {"import"},
    "monkey.fbx": {"import", None},
    "cube.abc": {"import", "crash"},
    "cube.usdc": {"import", "empty", "crash", None},
    "text.blend": {"import"},
    "USD of": {"import", "empty", "crash", None},
    "USDZ": {"import"},
    "zip": {"import", "unsupported", None},
    "whole": {None},
}
"""A crash is Blender's: its importers of COLLADA, Alembic and USD trust what they read."""


@pytest.fixture(scope="module")
def outcomes(made, render):
    whole = {f"whole {name}": Model(name, {name: made[name]})
             for name in ("pawn.glb", "cube.dae", "knot.ply", "gear.stl", "monkey.fbx", "cube.abc",
                          "cube.usdc", "text.blend")}  # fmt: skip
    return render(lying_documents.all_of(made) | whole)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_each_has_its_outcome(outcomes, kind):
    mine = {what: line for what, line in outcomes.items() if what.startswith(f"{kind} ")}
    assert len(mine) >= 3
    wrong = {what: line for what, line in mine.items() if line.get("code") not in OUTCOMES[kind]}
    assert not wrong


def test_none_is_left_out(outcomes):
    assert all(what.startswith(tuple(f"{kind} " for kind in OUTCOMES)) for what in outcomes)


def test_what_unpacks_without_an_end_is_refused_before_it_is_unpacked(outcomes):
    for what in outcomes:
        if "entity" in what or "laughs" in what:
            assert "ENTITY declaration" in outcomes[what]["message"]


@pytest.mark.parametrize(
    "what",
    [
        *(f"PLY of a trillion {what}, {kind}" for what in ("vertices", "faces")
          for kind in ("ascii", "binary_little_endian", "binary_big_endian")),
        "PLY of 4 billion vertices", "STL of 4 billion", "OFF of a trillion",
        "glTF whose length is 4 GB",
    ],
)  # fmt: skip
def test_a_promise_that_a_file_cannot_hold_is_named(outcomes, what):
    assert "it is truncated: it declares" in outcomes[what]["message"]
