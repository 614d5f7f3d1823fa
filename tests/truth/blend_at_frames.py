"""Run inside Blender: blend_at_frames.py FOLDER writes .blend files whose frames show other things.

At frame 1 each shows cubes at x = 0 and 2; they are saved at frame 10, where they do not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import bpy

from tests.truth.blend_linked import save
from tests.truth.blend_parts import FAR_AWAY, a_cube, collection, factory

SAVED = 10
Vector = tuple[float, float, float]
NEAR: Vector = (2.0, 0.0, 0.0)


def keyed(owner: Any, name: str, first: object, saved: object) -> None:
    """Animate a property: its value at frame 1, and where the file is saved."""
    for frame, value in ((1, first), (SAVED, saved)):
        setattr(owner, name, value)
        owner.keyframe_insert(name, frame=frame)


def hidden() -> None:
    a_cube()
    keyed(a_cube("near", NEAR), "hide_render", first=False, saved=True)
    keyed(a_cube("far", FAR_AWAY), "hide_render", first=True, saved=False)


def hidden_by_driver() -> None:
    a_cube()
    driver = a_cube("near", NEAR).driver_add("hide_render").driver
    driver.type, driver.expression = "SCRIPTED", "frame - 1"


def hidden_in_viewport() -> None:
    """What animates the viewport alone changes no render."""
    a_cube()
    keyed(a_cube("near", NEAR), "hide_viewport", first=True, saved=False)
    far = a_cube("far", FAR_AWAY)
    far.hide_render = True
    keyed(far, "hide_viewport", first=False, saved=True)


def hidden_by_collection() -> None:
    a_cube()
    a_cube("near", NEAR)
    made = collection("hidden")
    keyed(a_cube("far", FAR_AWAY, made), "hide_render", first=False, saved=True)
    made.hide_render = True


def modifier_hidden() -> None:
    modifier = a_cube().modifiers.new("array", "ARRAY")
    modifier.count = 2
    modifier.use_relative_offset, modifier.use_constant_offset = False, True
    modifier.constant_offset_displace = NEAR
    keyed(modifier, "show_render", first=True, saved=False)


SCENES: dict[str, Callable[[], None]] = {
    "hidden": hidden,
    "hidden-by-driver": hidden_by_driver,
    "hidden-in-viewport": hidden_in_viewport,
    "hidden-by-collection": hidden_by_collection,
    "modifier-hidden": modifier_hidden,
}


def main(folder: Path) -> None:
    for name, make in SCENES.items():
        factory()
        make()
        bpy.context.scene.frame_set(SAVED)
        save(folder / f"{name}.blend")


if __name__ == "__main__":
    main(Path(sys.argv[-1]).resolve())
