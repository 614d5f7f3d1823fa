"""Independent streams of random numbers, the same on every worker, version and machine.

Each is a stdlib Random seeded by a hash of the stream's name, so that drawing one more colour moves
no camera. Needs no bpy.
"""

from __future__ import annotations

import hashlib
import random

from worker.contract.recipe import Recipe

Colour = tuple[float, float, float, float]


def digest(uid: str, recipe: Recipe, name: str) -> int:
    """The 256-bit number behind stream `name` of object `uid` under `recipe`."""
    text = f"{uid}/{recipe.seeded_by}/{recipe.seed}/{name}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def stream(uid: str, recipe: Recipe, name: str) -> random.Random:
    """Stream `name` ("cameras", "lights", …) of object `uid` under `recipe`, at its start."""
    return random.Random(digest(uid, recipe, name))  # noqa: S311 - drawn scenes, not secrets


def random_colour(source: random.Random) -> Colour:
    """An opaque scene-linear RGBA colour, each channel uniform in 0..1."""
    return (source.random(), source.random(), source.random(), 1.0)
