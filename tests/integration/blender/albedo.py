"""Colours of a model's surfaces, seen square on, as the child has written them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.integration.blender.driver import Driver, small
from tests.integration.blender.test_kinds import layer
from tests.truth import cube
from worker.contract.render_passes import ALBEDO, COVERAGE


def views(child: Driver, model: Path, out: Path, **recipe: Any) -> tuple[dict[str, Any], Any]:
    """The answer, and of each of the cube's sides the albedo (H,W,3), NaN where nothing is."""
    camera = {
        "layout": "fixed",
        "fixed": [[3.0 * part for part in side] for side in cube.SIDES],
        "projection": "orthographic",
    }
    answer = child.render(
        model, out, small(views=6, images=["colour", "albedo"], camera=camera, **recipe)
    )
    assert answer["type"] == "Rendered", answer
    found = []
    for view in answer["views"]:
        raw = (out / view["files"]["passes"], view)
        whole = layer(raw, COVERAGE)[..., :1] > 0.99
        found.append(np.where(whole, layer(raw, ALBEDO)[..., :3], np.nan))
    return answer, found


def assert_sides(found: Any, tolerance: float = 2e-3) -> None:
    """The cube's own colours are on its six sides."""
    for seen, colour in zip(found, cube.SIDES.values(), strict=True):
        median = np.nanmedian(seen.reshape(-1, 3), axis=0)
        np.testing.assert_allclose(median, cube.linear(np.array(colour)), atol=tolerance)
