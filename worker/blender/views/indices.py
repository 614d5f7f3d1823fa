"""Numbers the objects and materials for the index passes."""

from __future__ import annotations

from typing import Any, Iterable

import bpy

from worker.blender.geometry.extent import SHAPE_TYPES
from worker.contract.render_passes import INDEX_MATERIAL, INDEX_OBJECT, Pass

MOST = 32767
"""Highest index that Blender accepts; all later items share it."""


def number(wanted: tuple[Pass, ...]) -> dict[str, list[str]]:
    """Number objects and materials from 1, for each index pass in `wanted`.

    The order is Blender's, by name. Only objects with a shape are numbered. An instance has the
    number of its original.
    Returns: the names in the order of their numbers, as "object_names" and "material_names".
    """
    shaped = [item for item in bpy.data.objects if item.type in SHAPE_TYPES]
    lists: dict[Pass, tuple[str, Iterable[Any]]] = {
        INDEX_OBJECT: ("object_names", shaped),
        INDEX_MATERIAL: ("material_names", list(bpy.data.materials)),
    }
    names = {}
    for each, (name, items) in lists.items():
        if each in wanted:
            names[name] = _number(items)
    return names


def _number(items: Iterable[Any]) -> list[str]:
    names = []
    for place, item in enumerate(items, start=1):
        item.pass_index = min(place, MOST)
        names.append(str(item.name))
    return names
