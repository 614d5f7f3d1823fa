"""Random draws for a sample: light, colours, textures, the objects' form. Needs no bpy.

Every quantity has its own random stream, seeded by the sample's number. So a sample is the same in
whichever range it is rendered, and drawing one more colour rotates no object.
"""

from __future__ import annotations

import colorsys
import dataclasses
import math
import random
from typing import Sequence

import numpy as np

from worker.contract.random_streams import Colour, digest, stream
from worker.contract.recipe import Recipe
from worker.contract.scene_keys import (
    BASE_SCALE,
    BASE_TURN,
    LEAST_SCALE,
    LEAST_WARP,
    LIGHT_LOCATION,
    MOST_SCALE,
    MOST_WARP,
)

Triple = tuple[float, float, float]
WHOLE = "scenes"
"""Names the streams that are drawn once for the whole data set."""


@dataclasses.dataclass(frozen=True)
class Form:
    """An object's pose without position: scale of a unit-sized object, XYZ Euler angles (rad)."""

    scale: Triple
    euler: Triple


@dataclasses.dataclass(frozen=True)
class Look:
    """A surface: its linear colour, its texture (-1: none), and the colour's share over it."""

    colour: Colour
    texture: int
    share: float


def name_of(idx: int) -> str:
    """The name that seeds a sample's random streams."""
    return f"{WHOLE}/{idx}"


def cycles_seed(recipe: Recipe, idx: int) -> int:
    """The seed of the path tracer's noise, below 2^31."""
    return digest(name_of(idx), recipe, "cycles") % (1 << 31)


def light(recipe: Recipe, idx: int) -> Triple:
    """The light's position (world units), on a circle around the X axis."""
    x, y, z = LIGHT_LOCATION
    spread = recipe.scenes.lighting
    if not spread:
        return x, y, z
    angle = math.atan2(y, z) + stream(name_of(idx), recipe, "light").gauss(0.0, spread)
    reach = math.hypot(y, z)
    return x, reach * math.sin(angle), reach * math.cos(angle)


def form(recipe: Recipe, idx: int, number: int) -> Form:
    """The form of object `number`."""
    keys, source = recipe.scenes, stream(name_of(idx), recipe, f"form {number}")
    whole = _clip(BASE_SCALE + source.gauss(0.0, 1.0) * keys.scaling, LEAST_SCALE, MOST_SCALE)
    warps = [source.gauss(0.0, 1.0) for _ in range(3)]
    mean = sum(warps) / 3.0  # so that the object keeps its size
    x, y, z = (
        keys.size * whole * _clip(1.0 + (warp - mean) * keys.warp, LEAST_WARP, MOST_WARP)
        for warp in warps
    )
    a, b, c = (angle + source.gauss(0.0, 1.0) * keys.viewpoint for angle in BASE_TURN)
    return Form(_single(x, y, z), _single(a, b, c))


def looks(recipe: Recipe, idx: int, classes: Sequence[int], textures: int) -> list[Look]:
    """The looks of the background, then of each object; no two share one of `textures` textures."""
    source = stream(name_of(idx), recipe, "textures")
    chosen = source.sample(range(textures), len(classes) + 1) if textures else [-1] * (
        len(classes) + 1
    )  # fmt: skip
    keys = recipe.scenes
    found = [Look(_grey(stream(name_of(idx), recipe, "background")), chosen[0], 0.0)]
    for number, class_idx in enumerate(classes):
        source = stream(name_of(idx), recipe, f"colour {number}")
        colour = _around(class_colour(recipe, class_idx), keys.colour_variation, source)
        if not keys.class_colours:
            colour = (source.random(), source.random(), source.random(), 1.0)
        if keys.grey:
            colour = (colour[0], colour[0], colour[0], 1.0)
        share = keys.colour_intensity if keys.class_colours else 0.0
        found.append(Look(colour, chosen[number + 1], share))
    return found


def class_colour(recipe: Recipe, class_idx: int) -> Triple:
    """A class's hue, saturation and value (0..1), the same in the whole data set."""
    source = stream(WHOLE, recipe, f"colour of class {class_idx}")
    hue, saturation, value = (source.random() for _ in range(3))
    return hue, 0.2 + 0.8 * saturation, 0.6 + 0.4 * value


def _around(hsv: Triple, spread: float, source: random.Random) -> Colour:
    hue, saturation, value = (source.gauss(each, spread) for each in hsv)
    hue = hsv[0] + 0.3 * (hue - hsv[0])
    red, green, blue = colorsys.hsv_to_rgb(
        hue % 1.0, _clip(saturation, 0.0, 1.0), _clip(value, 0.0, 1.0)
    )
    return red, green, blue, 1.0


def _grey(source: random.Random) -> Colour:
    grey = source.random()
    return grey, grey, grey, 1.0


def _clip(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


def _single(*values: float) -> Triple:
    """Round to single precision as Blender does, so that the recorded pose is the rendered one."""
    x, y, z = (float(np.float32(value)) for value in values)
    return x, y, z
