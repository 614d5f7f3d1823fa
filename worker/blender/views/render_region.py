"""The part of a frame that is rendered; of the rest it is known that nothing is seen there.

Most rays of a usual view meet nothing, and cost a third of a small render. On a CPU a pixel of the
window comes out as in the whole frame, bit for bit. Raw files hold the window only, as OpenEXR's
data window is part of its display window.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from worker.contract.camera_layouts import Viewpoint

if TYPE_CHECKING:
    import bpy


@dataclasses.dataclass(frozen=True)
class RenderRegion:
    """Pixels of the frame, counted from its top left corner."""

    left: int
    top: int
    width: int
    height: int

    def sides(self) -> list[int]:
        """As `messages.View.window` has them."""
        return [self.left, self.top, self.width, self.height]


def whole(viewpoint: Viewpoint) -> RenderRegion:
    """All of the frame."""
    return RenderRegion(0, 0, viewpoint.width, viewpoint.height)


def restrict(scene: bpy.types.Scene, window: RenderRegion, viewpoint: Viewpoint) -> None:
    """Render nothing but `window`, into pictures of its size."""
    render = scene.render
    render.use_border = render.use_crop_to_border = window != whole(viewpoint)
    # Blender cuts fractions off: a quarter of a pixel more ends on the pixel that is meant.
    render.border_min_x = (window.left + 0.25) / viewpoint.width
    render.border_max_x = (window.left + window.width + 0.25) / viewpoint.width
    bottom = viewpoint.height - window.top - window.height
    render.border_min_y = (bottom + 0.25) / viewpoint.height
    render.border_max_y = (bottom + window.height + 0.25) / viewpoint.height
