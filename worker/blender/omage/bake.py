"""Bakes the single mesh in the scene with Cycles."""

from __future__ import annotations

from typing import Any, Callable

import bpy
import numpy as np

from worker.blender.faults import ObjectFault, brief
from worker.blender.geometry.triangle_soup import Array, TriangleSoup
from worker.blender.omage import emission
from worker.blender.omage import mesh as meshes
from worker.blender.omage.layout import ChartLayout
from worker.contract.omage_keys import OMAGE_CHANNELS, Omage

TARGET_UV = "omage"
STEPS = ("normal", "position", "albedo", "material")
"""The order matters: every step after "normal" changes the materials."""


def bake(
    points: Array,
    soup: TriangleSoup,
    layout: ChartLayout,
    spec: Omage,
    report: Callable[[int], None],
) -> Array:
    """Bake the object image, float32 (size, size, 12) with row 0 at v = 0.

    Channels: position (3), occupancy, normal (3), base colour (3), metallic, roughness; all 0 to 1.
    `points` (V,3) are the vertices, and `soup` contains the triangles of `layout`. `report` is
    called with the number of each step before the step begins. Raises: ObjectFault("render").
    """
    size = len(layout.cover.chart)
    made = meshes.add(points, soup.triangles)
    meshes.dress(made.data, soup)
    # Blender's pixel centres are at (column + 0.5) / size.
    meshes.add_uv(made.data, TARGET_UV, (layout.uv * (size - 1) + 0.5) / size)
    image: Any = bpy.data.images.new(
        TARGET_UV, size, size, alpha=True, float_buffer=True, is_data=True
    )
    emitters = emission.emitters(made.data, image, np.unique(soup.material))
    found: dict[str, Array] = {}
    for number, step in enumerate(STEPS):
        report(number)
        if step != "normal":
            for emitter in emitters:
                emitter.emit(step)
        _bake(step, spec)
        pixels = np.empty(size * size * 4, np.float32)
        image.pixels.foreach_get(pixels)
        found[step] = pixels.reshape(size, size, 4)[..., :3]
    whole = np.empty((size, size, OMAGE_CHANNELS), np.float32)
    whole[..., 0:3] = found["position"]
    whole[..., 3] = layout.cover.chart >= 0
    whole[..., 4:7] = found["normal"]
    whole[..., 7:10] = found["albedo"]
    whole[..., 10:12] = found["material"][..., :2]
    return np.clip(np.nan_to_num(whole), 0.0, 1.0)


def _bake(step: str, spec: Omage) -> None:
    operators: Any = bpy.ops
    try:
        operators.object.bake(
            type="NORMAL" if step == "normal" else "EMIT",
            margin=spec.normal_margin if step == "normal" else spec.bake_margin,
            margin_type="EXTEND",
            use_selected_to_active=False,
            normal_space="OBJECT",
            normal_r="POS_X",
            normal_g="POS_Y",
            normal_b="POS_Z",
            target="IMAGE_TEXTURES",
            save_mode="INTERNAL",
            use_clear=True,
            use_cage=False,
            use_split_materials=False,
            use_automatic_name=False,
            uv_layer=TARGET_UV,
        )
    except RuntimeError as error:
        raise ObjectFault("render", f"cannot bake the {step}: {brief(error)}") from error
