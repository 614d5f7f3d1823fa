"""An animated GIF of an object's views, as close to a turntable as they allow."""

from __future__ import annotations

import io
import math
from typing import Final

from PIL import Image, ImageSequence

from worker.contract.view_keys import Preview
from worker.core import keys
from worker.export import images
from worker.export.camera_model import Camera
from worker.export.zips import RenderZip
from worker.pack import preview

GIF: Final = "turntable-gif"
SECTORS: Final = 36
"""Number of sectors around the object; each contributes at most one frame."""
END: Final = b";"
"""The last byte of every GIF. Pillow does not check it."""


def gif(zipped: RenderZip) -> bytes:
    """The zip's own preview if it has one, else an animation of the views chosen by `around`.

    Raises: Unsupported, RenderFailed.
    """
    own = keys.PREVIEWS[GIF]
    if own in zipped.names():
        data = zipped.read(own)
        if problem := _problem(data, zipped.recipe.resolution):
            raise zipped.damaged(f"has a damaged {own}: {problem}")
        return data
    settings = Preview()
    frames = [
        preview.frame(images.picture(zipped, view), settings.width)
        for view in around(list(zipped.views))
    ]
    return preview.film(GIF, frames, settings)


def _problem(data: bytes, largest: tuple[int, int]) -> str:
    """What is wrong with a GIF whose frames may be up to `largest`; "" if nothing is."""
    if not data.endswith(END):
        return "it is truncated"
    try:
        with Image.open(io.BytesIO(data), formats=("GIF",)) as film:
            if film.width > largest[0] or film.height > largest[1]:
                return (
                    f"it is {film.width}x{film.height}, larger than the images' "
                    f"{largest[0]}x{largest[1]}"
                )
            for number, frame in enumerate(ImageSequence.Iterator(film)):
                if number == preview.FRAMES:
                    return f"it has more than {preview.FRAMES} frames"
                frame.load()
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        return str(error)
    return ""


def around(views: list[Camera]) -> list[Camera]:
    """One view per sector, in order of azimuth: the one closest to the median elevation."""
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
