"""Every case of tests/truth gives what its table says: all of the object, in its own colours.

Each stands for a kind of input that users complained about; see tests/truth/cases.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.blenders import BLENDERS
from tests.truth import cube
from tests.truth.cases import CASES
from tests.truth.cases.case import ALL, RENDERED, UNIT

NEAR = 2e-3
"""By how much of the longest side what is seen may differ from what was asked for."""
PARTS = 12
"""By how much of 255 a colour may differ."""
CRATES = {"usdc", "usdz"}
IN_UNIT_CUBE = 0.38
"""Least coverage of a unit cube seen by look.PLACES."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(rendered, case):
    identifier = f"{case.name}/{case.model}"
    outcome = rendered.outcomes[identifier]
    if rendered.blender in case.unlike:
        pytest.skip(f"NOT TESTED under {rendered.blender}: {case.unlike[rendered.blender]}")
    suffix = case.model.rpartition(".")[2]
    if suffix in BLENDERS[rendered.blender].lacks:
        assert outcome.get("code") == "unsupported"
        assert f"cannot read '{suffix}'" in outcome["message"]
        pytest.skip(f"NOT TESTED under {rendered.blender}: it reads no .{suffix}")
    if rendered.blender == "bpy42" and suffix in CRATES:
        pytest.skip("NOT TESTED under bpy42: its wheel has no USD modules to write crates with")
    if case.outcome != RENDERED:
        assert outcome.get("code") == case.outcome, outcome
        assert case.says in outcome["message"]
        assert str(rendered.output.parent) not in outcome["message"]
        return
    assert outcome["outcome"] == RENDERED, outcome.get("message")
    look = rendered.look(identifier)
    low, high = look.box()
    assert high - low == pytest.approx(np.array(case.spans), abs=NEAR)
    assert (high + low) / 2 == pytest.approx(np.zeros(3), abs=NEAR)
    if case.spans == UNIT:
        assert look.coverage() > IN_UNIT_CUBE
    assert outcome["coverage_mean"] == pytest.approx(look.coverage(), abs=0.1)
    if case.sides is not None:
        wanted = cube.SIDES if case.sides == ALL else dict.fromkeys(cube.SIDES, case.sides)
        seen = {side: colour.tolist() for side, colour in look.sides().items()}
        assert seen == {side: pytest.approx(colour, abs=PARTS) for side, colour in wanted.items()}
    if case.sides is None and (case.missing or case.undecodable) and case.spans == UNIT:
        seen = np.array(list(look.sides().values()))
        assert np.ptp(seen, axis=0).max() <= PARTS  # one colour stands for what is missing
    told = look.metadata
    assert str(rendered.output.parent) not in json.dumps(told)
    home = "" if case.model.endswith(".zip") else f"{case.name}/"
    found = {home + name for name in case.found}
    if rendered.blender in {"debian", "bpy42"} and case.model.endswith(".fbx"):
        assert set(told["found_files"].values()) <= found  # its importer looks around by itself
    else:
        assert set(told["found_files"].values()) == found
    lacking = [told["missing_files"], told["undecodable_files"]]
    for names, wanted in zip(lacking, (case.missing, case.undecodable), strict=True):
        assert sorted(re.split(r"[/\\]", name)[-1] for name in names) == sorted(wanted)
    counts = [outcome.get("missing", 0), outcome.get("undecodable", 0)]
    assert counts == [len(case.missing), len(case.undecodable)]
    assert bool(told.get("lost_colours")) == case.lost
    assert bool(told["render_worker"]["made_opaque"]) == case.opaque


@pytest.mark.parametrize("name", ["render-hair", "render-metaballs"])
def test_all_that_is_rendered_is_measured(rendered, name):
    identifier = f"{name}/model.blend"
    assert rendered.outcomes[identifier]["outcome"] == RENDERED
    low, high = rendered.look(identifier).box()
    assert low.min() > -0.5 - NEAR
    assert high.max() < 0.5 + NEAR
    assert (high - low).max() > 0.9  # the tips of hairs are thinner than a pixel
