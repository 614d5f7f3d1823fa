"""EEVEE and Workbench, which draw with OpenGL: on a GPU, or on a software rasteriser by name."""

from __future__ import annotations

import importlib
import math
from typing import Any, Callable

import bpy

from worker.blender import compat, context
from worker.blender.faults import ObjectFault, brief
from worker.contract.engines import EEVEE, WORKBENCH, grid
from worker.contract.recipe import Recipe

SOFTWARE = "software"
"""The kind of device that a software rasteriser is."""
SOFTWARE_RENDERERS = ("llvmpipe", "softpipe", "swrast", "lavapipe")
FILTER_WIDTH = 1.5
"""Of EEVEE, in pixels: Blender's default, which the published renders have."""


def bind(kind: str) -> str:
    """Draw something, to learn what draws. Where OpenGL cannot start, Blender may abort.

    kind: "egl", a GPU, or SOFTWARE. Returns: its name. Raises: ObjectFault("device").
    """
    scene = context.scene()
    if not compat.set_engine(WORKBENCH):
        raise ObjectFault("device", f"Blender {compat.version()} was built without Workbench")
    scene.render.resolution_x = scene.render.resolution_y = 4
    scene.camera = bpy.data.objects.new("probe", bpy.data.cameras.new("probe"))
    try:
        bpy.ops.render.render()
        name = _renderer()
    except (RuntimeError, SystemError) as error:
        raise ObjectFault("device", f"OpenGL does not start here: {brief(error)}") from error
    software = any(each in name.lower() for each in SOFTWARE_RENDERERS)
    if software and kind != SOFTWARE:
        raise ObjectFault(
            "device",
            f"no GPU draws here, only the software rasteriser {name}",
        )
    if kind == SOFTWARE and not software:
        raise ObjectFault("device", f"no software rasteriser is here, but {name}")
    return name


def _renderer() -> str:
    """What draws, such as "llvmpipe (LLVM 15.0.6, 256 bits)"; known after a first render."""
    gpu: Any = importlib.import_module("gpu")
    return str(gpu.platform.renderer_get())


def configure(scene: bpy.types.Scene, recipe: Recipe) -> None:
    """Set all that does not depend on what is drawn, whatever this Blender's defaults are."""
    SETTINGS[recipe.engine](scene, recipe)


def for_data(scene: bpy.types.Scene, engine: str) -> None:
    """One sample, at the pixel's centre."""
    scene.render.filter_size = 0.0
    if engine == EEVEE:
        _eevee(scene).taa_render_samples = 1


def for_colour(scene: bpy.types.Scene, recipe: Recipe) -> list[tuple[float, float]]:
    """The samples of colour. Returns: the places in the pixel, each -0.5 to 0.5, to draw from.

    EEVEE takes its samples by itself. Workbench's own are averaged as logarithms, which is right
    for no alpha; so it draws once for each.
    """
    if recipe.engine == EEVEE:
        scene.render.filter_size = FILTER_WIDTH
        _eevee(scene).taa_render_samples = recipe.samples
        return [(0.0, 0.0)]
    side = grid(recipe.samples)
    ways = [(number + 0.5) / side - 0.5 for number in range(side)]
    return [(x, y) for y in ways for x in ways]


def _eevee(scene: bpy.types.Scene) -> Any:
    return scene.eevee


def _set_eevee(scene: bpy.types.Scene, _: Recipe) -> None:
    """Blender 3.2's defaults, with which Objaverse-XL was rendered, in all versions' words."""
    compat.assign(
        _eevee(scene),
        {
            "use_gtao": False,
            "use_bloom": False,
            "use_ssr": False,
            "use_raytracing": False,
            "use_fast_gi": False,
            "use_soft_shadows": True,
            "use_shadows": True,
            "use_shadow_high_bitdepth": False,
            "use_volumetric_shadows": False,
            "use_overscan": False,
            "use_motion_blur": False,
            "use_gpencil": False,
            "light_threshold": 0.01,
            "gi_cubemap_resolution": "512",
        },
    )


def _set_workbench(scene: bpy.types.Scene, recipe: Recipe) -> None:
    display: Any = scene.display
    display.render_aa = "OFF"
    compat.assign(
        display.shading,
        {
            "light": "STUDIO",
            "studio_light": "Default",
            "use_world_space_lighting": False,
            "color_type": "TEXTURE",
            "background_type": "THEME",
            "show_backface_culling": recipe.subject.backfaces == "hidden",
            "show_shadows": False,
            "show_cavity": False,
            "show_xray": False,
            "show_object_outline": False,
            "show_specular_highlight": True,
            "use_dof": False,
        },
    )


SETTINGS: dict[str, Callable[[bpy.types.Scene, Recipe], None]] = {
    EEVEE: _set_eevee,
    WORKBENCH: _set_workbench,
}


def clips(near: float, far: float, least: float) -> tuple[float, float]:
    """Clip planes around what is `near` to `far` of the camera, at least `least` from it.

    A depth buffer has 24 bits for what is between them.
    """
    begin = max(least, near / 2.0) if math.isfinite(near) else least
    return begin, max(2.0 * begin, 2.0 * far)
