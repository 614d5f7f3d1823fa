"""The scene that everything is in, as its type: to a checker `bpy.context` may have none."""

from __future__ import annotations

import bpy


def scene() -> bpy.types.Scene:
    """Blender's current scene; there always is one."""
    found = bpy.context.scene
    assert found is not None  # noqa: S101 - for the checker
    return found


def display_settings(of: bpy.types.Scene) -> bpy.types.ColorManagedDisplaySettings:
    """What a scene's pictures are shown on; every scene has that."""
    found = of.display_settings
    assert found is not None  # noqa: S101 - for the checker
    return found


def view_settings(of: bpy.types.Scene) -> bpy.types.ColorManagedViewSettings:
    """How a scene's pictures are shown; every scene has that."""
    found = of.view_settings
    assert found is not None  # noqa: S101 - for the checker
    return found
