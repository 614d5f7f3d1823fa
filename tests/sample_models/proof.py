"""Shapes whose pictures can be worked out by hand."""

from __future__ import annotations

import math
from typing import Any, Callable

import bpy
import numpy as np

from tests.sample_models.parts import (
    CLAY,
    Triple,
    box,
    finish_of,
    picture,
    rectangle,
    textured,
    unlit,
)

RADIUS = 0.5
TILT = math.radians(60.0)
GREY = 0.5
"""Linear; the standard's curve makes it 187.5 of 255, so 188."""
PATCHES = 4
MARKS: tuple[tuple[Triple, Triple], ...] = (
    ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)),
    ((10.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    ((10.0, 0.0, 4.0), (0.0, 0.0, 1.0)),
    ((3.0, -6.0, 1.0), (1.0, 1.0, 0.0)),
    ((1.0, -2.0, 3.0), (0.0, 1.0, 1.0)),
)
"""Places and colours of the marks."""
MARK = 0.3


def sphere() -> None:
    """20,480 smooth triangles on a sphere of RADIUS: within 1e-4 of it everywhere."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=6, radius=RADIUS)
    item: Any = bpy.context.object
    item.data.polygons.foreach_set("use_smooth", [True] * len(item.data.polygons))
    item.data.materials.append(finish_of(CLAY))


def cube() -> None:
    """The unit cube."""
    box("cube", (0.0, 0.0, 0.0))


def tilted() -> None:
    """The unit square, facing +Z and then turned about x by TILT."""
    item = rectangle("plane", 1.0, 1.0)
    item.rotation_euler = (TILT, 0.0, 0.0)
    item.data.materials.append(finish_of(CLAY))


def grey() -> None:
    """The unit square, upright and facing -Y, that shines in mid-grey."""
    upright("grey").data.materials.append(unlit("grey", (GREY, GREY, GREY)))


def ramp() -> None:
    """The same in 256 columns from black to white, in sRGB."""
    pixels = np.ones((4, 256, 4))
    pixels[..., :3] = (np.arange(256) / 255.0)[None, :, None]
    upright("ramp").data.materials.append(unlit("ramp", (1.0, 1.0, 1.0), picture("ramp", pixels)))


def patches() -> None:
    """The same, rough, with a picture of PATCHES x PATCHES colours: see `patch_colours`."""
    image = picture("patches", np.kron(patch_colours(), np.ones((8, 8, 1))))
    upright("patches").data.materials.append(textured("patches", image))


def patch_colours() -> Any:
    """(PATCHES, PATCHES, 4) sRGB values of whole 255ths; row 0 is the lowest."""
    numbers = np.arange(PATCHES * PATCHES)
    values = np.stack([numbers * 17, numbers * 53 % 256, 255 - numbers * 11], axis=1)
    colours = np.ones((PATCHES * PATCHES, 4))
    colours[:, :3] = values / 255.0
    return colours.reshape(PATCHES, PATCHES, 4)


def marks() -> None:
    """Small boxes far apart, each shining in its own colour: see MARKS."""
    for number, (centre, colour) in enumerate(MARKS):
        item = box(f"mark {number}", centre, (MARK, MARK, MARK), None)
        item.data.materials.append(unlit(f"mark {number}", colour))


def upright(name: str) -> Any:
    """The unit square in the XZ plane, facing -Y, its picture's u along x and v along z."""
    item = rectangle(name, 1.0, 1.0)
    item.rotation_euler = (math.pi / 2, 0.0, 0.0)
    return item


PROOF: dict[str, Callable[[], None]] = {
    f"{build.__name__}.glb": build for build in (sphere, cube, tilted, grey, ramp, patches, marks)
}
