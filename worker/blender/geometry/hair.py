"""Points along the hairs of particle systems, which Cycles renders in addition to the mesh."""

from __future__ import annotations

from typing import Any, Iterator

import bpy
import numpy as np
import numpy.typing as npt

MOST_POINTS = 1 << 21
"""Most points that are read from one particle system; of more hairs, evenly spaced ones."""
Array = npt.NDArray[np.float64]


def as_rendered() -> None:
    """Give the hairs of the viewport the number and the steps that they have in the render."""
    for settings in bpy.data.particles:
        settings.display_percentage = 100
        settings.display_step = settings.render_step
        shown = "child_percent" if hasattr(settings, "child_percent") else "child_nbr"
        setattr(settings, shown, settings.rendered_child_count)


def systems(item: Any) -> list[Any]:
    """The particle systems of the object `item` that are rendered as hair."""
    shown = [each for each in item.modifiers if each.type == "PARTICLE_SYSTEM" and each.show_render]
    found = [each.particle_system for each in shown]
    return [
        each
        for each in found
        if each.settings.type == "HAIR" and each.settings.render_type == "PATH"
    ]


def points(item: Any) -> Array:
    """Points (N,3) along the hairs of the evaluated object `item`, in its own space."""
    found = np.array([co for each in systems(item) for co in _points(item, each)], np.float64)
    if not len(found):
        return np.empty((0, 3))
    inverse = np.array(item.matrix_world.inverted_safe(), np.float64)
    placed: Array = (found[:, None, :] * inverse[None, :3, :3]).sum(axis=-1) + inverse[:3, 3]
    return placed


def _points(item: Any, system: Any) -> Iterator[tuple[float, ...]]:
    """The world-space points that Cycles reads: those of the children, if there are any."""
    parents, children = len(system.particles), len(system.child_particles)
    first = parents if children else 0
    steps = (1 << system.settings.render_step) + 1
    stride = 1 + (parents + children - first) * steps // MOST_POINTS
    for number in range(first, parents + children, stride):
        hair = [system.co_hair(item, particle_no=number, step=step)[:] for step in range(steps)]
        yield from (co for co in hair if any(co))  # zeros stand for a hair that does not exist
