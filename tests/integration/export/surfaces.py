"""Outputs of the preset omage made without Blender: a ball's halves as two charts, exact."""

import dataclasses

import numpy as np

from tests.integration.export import scenes
from worker import presets
from worker.contract.omage_reduction import reduced
from worker.contract.protocol import Rendered

SIZE = 256
SETTINGS = (f"resolution={SIZE}",)


def recipe(*settings):
    return presets.load("omage", [*SETTINGS, *settings])


def pixels(size=SIZE):
    """(R,R,12), as the child leaves it."""
    image = np.zeros((size, size, 12), np.float32)
    v, u = np.mgrid[0:size, 0:size] / (size - 1)
    for side, centre in ((1, 0.25), (-1, 0.75)):
        x, y = (u - centre) / 0.2 * 0.9, (v - 0.5) / 0.2 * 0.9
        there = x**2 + y**2 < 0.8
        z = side * np.sqrt(np.maximum(1 - x**2 - y**2, 0))
        place = np.stack([x, y, z], -1)[there]
        image[there, 0:3] = place * 0.49 + 0.5
        image[there, 3] = 1
        image[there, 4:7] = place / 2 + 0.5
        image[there, 7:10] = (0.8, 0.4, 0.1)
        image[there, 11] = 0.5
    return image


def rendered(folder, made_by, ref, image=None):
    """What a child leaves of the ball."""
    view = scenes.rendered(folder, dataclasses.replace(scenes.recipe(views=1)), ref)
    (pixels() if image is None else image).tofile(folder / "omage.f32")
    reduced(pixels(), recipe().omage.small).tofile(folder / "omage_small.f32")
    answer = Rendered(
        uid=ref.uid, views=[], runtime=view.answer.runtime, render_s=1.0,
        scene={**view.answer.scene, "omage": {"uv_map": "file", "surface_kept": 1.0}},
        files={"omage": "omage.f32", "omage_small": "omage_small.f32"},
    )  # fmt: skip
    return type(view)(fetched=view.fetched, scratch=view.scratch, answer=answer)


def output(folder, *settings, **more):
    return scenes.output(folder, recipe(*settings), child=rendered, **more)
