"""What all views of one object have in common, whatever engine renders them."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Optional

from worker.blender.geometry.extent import Array
from worker.blender.views.placement import Placement
from worker.blender.views.visible_bounds import VisibleBounds
from worker.contract.camera_layouts import Viewpoint
from worker.contract.recipe import Recipe


@dataclasses.dataclass(frozen=True)
class Shooting:
    """Views to render, each at its animation frame, into the folder `scratch`.

    viewpoints: in world coordinates; `placed` maps the model's space to the world. low, high (3,):
    the scene's bounding box over all frames, in the scene's own space. bounds: what limits the part
    of each image that Cycles renders, or None. on_view: called with the number of each view before
    it is rendered. ready: called when all but the camera is as it will be rendered.
    """

    recipe: Recipe
    camera: Any
    viewpoints: list[Viewpoint]
    frames: list[int]
    scratch: str
    placed: Placement
    low: Array
    high: Array
    bounds: Optional[VisibleBounds]
    on_view: Callable[[int], None]
    ready: Callable[[], None]
