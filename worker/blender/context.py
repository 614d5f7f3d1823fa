"""The current scene and its settings, typed as never None; the stubs of bpy allow None."""

from __future__ import annotations

import bpy


def scene() -> bpy.types.Scene:
    """Blender's current scene, which always exists."""
    found = bpy.context.scene
    assert found is not None  # noqa: S101 - for the checker
    return found


def display_settings(of: bpy.types.Scene) -> bpy.types.ColorManagedDisplaySettings:
    """The display settings of a scene, which always exist."""
    found = of.display_settings
    assert found is not None  # noqa: S101 - for the checker
    return found


def view_settings(of: bpy.types.Scene) -> bpy.types.ColorManagedViewSettings:
    """The view settings of a scene, which always exist."""
    found = of.view_settings
    assert found is not None  # noqa: S101 - for the checker
    return found
