"""What lights the object: a table of rigs."""

from __future__ import annotations

import math
import random
from typing import Any, Callable

import bpy

from worker.blender import compat
from worker.blender.recipe import Lights

FOUR_SUNS = (
    # name, rotation (XYZ Euler, rad), energies one of which is drawn (W/m2)
    ("key", (math.pi / 4, 0.0, -math.pi / 4), (3, 4, 5)),
    ("fill", (math.pi / 4, 0.0, 3 * math.pi / 4), (2, 3, 4)),
    ("rim", (-math.pi / 4, 0.0, -5 * math.pi / 4), (3, 4, 5)),
    ("bottom", (math.pi, 0.0, 0.0), (1, 2, 3)),
)
"""Objaverse-XL's lights (formats.md section 1)."""
STARTUP_GREY = 0.05087609
"""The world of Blender's startup scene, in which those renders were made."""


def add(lights: Lights, source: random.Random) -> None:
    """Light the scene with the rig of `lights`; any other world is replaced."""
    RIGS[lights.rig](source)


def four_suns(source: random.Random) -> None:
    """Four suns of drawn energies that cast no shadow, in a dim grey world."""
    scene: Any = bpy.context.scene
    for name, rotation, energies in FOUR_SUNS:
        light: Any = bpy.data.lights.new(f"{name} sun", "SUN")
        light.energy = float(source.choice(energies))
        compat.without_shadow(light)
        sun = bpy.data.objects.new(f"{name} sun", light)
        sun.rotation_euler = rotation
        scene.collection.objects.link(sun)
    world = bpy.data.worlds.new("grey")
    world.color = (STARTUP_GREY, STARTUP_GREY, STARTUP_GREY)
    scene.world = world


RIGS: dict[str, Callable[[random.Random], None]] = {"four-suns": four_suns}
