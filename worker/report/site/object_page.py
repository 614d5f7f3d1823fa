"""What the page of one object shows: its views in every image kind, its cameras and its points."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import numpy as np
from PIL import Image

from worker.core import gallery_keys
from worker.core.errors import Empty, ObjectError, RenderFailed, Unsupported
from worker.export.camera_model import Camera
from worker.export.clouds import points
from worker.export.zips import RenderZip
from worker.report import pictures
from worker.report.site import readable

EDGE: Final = 640
"""The largest edge of an image of a page, in pixels."""
QUALITY: Final = 88
ALPHA_QUALITY: Final = 80
EFFORT: Final = 1
"""WebP's, from 0 (fast) to 6 (small)."""
POINTS: Final = 5000
CAMERAS: Final = 512
"""Points and cameras that are drawn."""
STEPS: Final = 65535
"""Points are placed on a grid of this many steps along each side of their box."""

Write = Callable[[str, bytes], None]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A view of a page: its name, and a picture of each kind."""

    name: str
    pictures: dict[str, dict[str, Any]]
    """By kind: file, width, height, and a note on its colours."""


def write(zipped: RenderZip, document: dict[str, Any], views: int, put: Write) -> dict[str, Any]:
    """Write the pictures of at most `views` views; returns the data of the page.

    document: the contents of ``metadata.json``.

    Raises: ObjectError.
    """
    try:
        cameras = zipped.views
    except Unsupported:
        return {"views": _plain(zipped, document, views, put), "cameras": [], "box": None}
    chosen = _spread(len(cameras), views)
    shown = [_view(zipped, number, cameras[number], put) for number in chosen]
    placement = zipped.cameras.placement
    drawn = _spread(len(cameras), CAMERAS)
    return {
        "of": len(cameras),
        "views": msgspec.to_builtins(shown),
        "cameras": [_camera(cameras[number]) for number in sorted({*drawn, *chosen})],
        "box": placement and msgspec.to_builtins(placement.bbox),
        **_cloud(zipped),
    }


def webp(image: Image.Image, *, exact: bool = False, edge: int = EDGE) -> bytes:
    """The image as WebP, reduced to at most `edge` pixels; `exact` keeps each colour as it is."""
    if max(image.size) > edge:
        scale = edge / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        # Pillow weights colours by alpha when it resizes RGBA, so transparent pixels do not bleed.
        way = Image.Resampling.NEAREST if exact else Image.Resampling.LANCZOS
        image = image.resize(size, way)
    buffer = io.BytesIO()
    image.save(
        buffer, "WEBP", quality=QUALITY, alpha_quality=ALPHA_QUALITY, method=EFFORT, lossless=exact
    )
    return buffer.getvalue()


def _spread(count: int, most: int) -> list[int]:
    """At most `most` of `count` numbers, evenly spaced."""
    shown = min(count, most)
    return [number * count // shown for number in range(shown)]


def _view(zipped: RenderZip, number: int, view: Camera, put: Write) -> Shown:
    made = {}
    for kind in readable.KINDS:
        if kind in view.files:
            picture = readable.picture(zipped, view, kind)
            file = gallery_keys.site_image(zipped.uid, number, kind)
            put(file, webp(Image.fromarray(picture.pixels), exact=picture.exact))
            made[kind] = {
                "file": file, "width": view.width, "height": view.height, "note": picture.note,
            }  # fmt: skip
    return Shown(name=view.name, pictures=made)


def _plain(
    zipped: RenderZip, document: dict[str, Any], views: int, put: Write
) -> list[dict[str, Any]]:
    """The pictures of a zip that has no cameras: samples of scenes, or of an object image."""
    shown = []
    for number, (name, image) in enumerate(plain_pictures(zipped, document, views)):
        file = gallery_keys.site_image(zipped.uid, number, "picture")
        put(file, webp(image))
        about = {"file": file, "width": image.width, "height": image.height, "note": ""}
        shown.append({"name": name, "pictures": {"picture": about}})
    return shown


def plain_pictures(
    zipped: RenderZip, document: dict[str, Any], most: int
) -> Iterator[tuple[str, Image.Image]]:
    """Name and picture of what a zip without cameras shows. Raises: RenderFailed."""
    try:
        names = pictures.names(set(zipped.names()), document)
        for number in _spread(len(names), most):
            data = pictures.as_png(zipped.read(names[number]), names[number], document)
            with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
                pictures.check_size(image.width, image.height)
                yield names[number], image.convert("RGBA")
    except (KeyError, TypeError, ValueError, OSError, SyntaxError) as error:
        raise zipped.damaged(f"has pictures that cannot be shown: {error}") from error


def _camera(view: Camera) -> dict[str, Any]:
    pose = [[round(value, 6) for value in row] for row in view.camera_to_world[:3]]
    k = [[round(value, 4) for value in row] for row in view.K]
    return {
        "name": view.name, "pose": pose, "K": k, "width": view.width, "height": view.height,
        "projection": view.projection,
    }  # fmt: skip


def _cloud(zipped: RenderZip) -> dict[str, Any]:
    """Points unprojected from depth: {"points"}, or why there are none: {"no_points"}."""
    try:
        cloud = points.chosen(zipped, "exact", POINTS)
    except (Unsupported, Empty, RenderFailed) as error:
        return {"no_points": _reason(error)}
    low = cloud.xyz.min(axis=0)
    size = np.maximum(cloud.xyz.max(axis=0) - low, 1e-9)
    grid = np.rint((cloud.xyz - low) / size * STEPS).astype("<u2")
    return {
        "points": {
            "count": len(grid),
            "low": [float(value) for value in low],
            "size": [float(value) for value in size],
            "xyz": base64.b64encode(grid.tobytes()).decode(),
            "rgb": base64.b64encode(np.ascontiguousarray(cloud.rgba[:, :3]).tobytes()).decode(),
        }
    }


def _reason(error: ObjectError) -> str:
    if isinstance(error, Unsupported):
        return "points need perspective views with depth and transparency"
    return str(error)
