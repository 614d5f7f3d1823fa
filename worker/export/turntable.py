"""A film of an object's views, as near to a turntable as they allow."""

from __future__ import annotations

import math
from typing import Final

from worker import keys
from worker.blender.recipe import Preview
from worker.export import images
from worker.export.cameras import Camera
from worker.export.zips import RenderZip
from worker.pack import preview

GIF: Final = "turntable-gif"
SECTORS: Final = 36
"""At most so many frames, each of another sector around the object."""


def gif(zipped: RenderZip) -> bytes:
    """The zip's own film; else of each sector the view whose height is nearest to the usual one.

    Raises: Unsupported, RenderFailed.
    """
    own = keys.PREVIEWS[GIF]
    if own in zipped.names():
        return zipped.read(own)
    settings = Preview()
    frames = [
        preview.frame(images.picture(zipped, view), settings.width)
        for view in around(list(zipped.views))
    ]
    return preview.film(GIF, frames, settings)


def around(views: list[Camera]) -> list[Camera]:
    """Views in the order of their azimuth, one a sector."""
    heights = sorted(_elevation(view) for view in views)
    usual = heights[len(heights) // 2]
    best: dict[int, Camera] = {}
    for view in views:
        sector = int((_azimuth(view) + math.pi) / (2 * math.pi) * SECTORS) % SECTORS
        there = best.get(sector)
        if there is None or abs(_elevation(view) - usual) < abs(_elevation(there) - usual):
            best[sector] = view
    return [best[sector] for sector in sorted(best)]


def _azimuth(view: Camera) -> float:
    return math.atan2(view.camera_to_world[1][3], view.camera_to_world[0][3])


def _elevation(view: Camera) -> float:
    x, y, z = (row[3] for row in view.camera_to_world[:3])
    return math.atan2(z, math.hypot(x, y))
