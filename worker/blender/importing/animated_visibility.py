"""Makes animations that hide things in the render hide them in the viewport too.

Objects are measured as the viewport shows them, at any frame.
"""

from __future__ import annotations

from typing import Any, Iterator, Optional

import bpy

from worker.blender import compat

NAMES = {"hide_render": "hide_viewport", "show_render": "show_viewport"}
"""The render's property by name, and the viewport's."""


def follow_render() -> None:
    """Replace the curves and drivers of the viewport's visibility by those of the render's."""
    for action in list(bpy.data.actions):
        for curves in compat.curve_groups(action):
            _replace_curves(curves)
    for owner in _driven():
        drivers = owner.animation_data.drivers
        for curve in [each for each in drivers if _is_viewport(each.data_path)]:
            drivers.remove(curve)
        for curve in list(drivers):
            path = _in_viewport(curve.data_path)
            if path is not None:
                drivers.from_existing(src_driver=curve).data_path = path


def keep_hidden(item: Any) -> None:
    """Remove what animates the visibility of an object that is hidden by its collections."""
    data = item.animation_data
    if data is None:
        return
    for curve in [each for each in data.drivers if each.data_path in NAMES]:
        data.drivers.remove(curve)
    if data.action is not None:
        data.action = data.action.copy()
        for curves in compat.curve_groups(data.action):
            for curve in [each for each in curves if each.data_path in NAMES]:
                curves.remove(curve)


def _replace_curves(curves: Any) -> None:
    for curve in [each for each in curves if _is_viewport(each.data_path)]:
        curves.remove(curve)
    for curve in list(curves):
        path = _in_viewport(curve.data_path)
        if path is None:
            continue
        copied = curves.new(path)
        copied.keyframe_points.add(len(curve.keyframe_points))
        for point, made in zip(curve.keyframe_points, copied.keyframe_points):
            made.co, made.interpolation = point.co, point.interpolation
        copied.extrapolation = curve.extrapolation
        copied.update()


def _in_viewport(path: str) -> Optional[str]:
    head, dot, name = path.rpartition(".")
    return head + dot + NAMES[name] if name in NAMES else None


def _is_viewport(path: str) -> bool:
    return path.rpartition(".")[2] in NAMES.values()


def _driven() -> Iterator[Any]:
    owners: list[Any] = [*bpy.data.objects, *bpy.data.collections]
    for owner in owners:
        data = getattr(owner, "animation_data", None)
        if data is not None and len(data.drivers):
            yield owner
