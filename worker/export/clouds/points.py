"""Unprojects an object's visible pixels to coloured points, by GPT4Point's rules or exactly.

GPT4Point (its point cloud scripts) takes the pixels of each view with finite depth and an alpha of
at least 1 - 1e-5, and skips an object if more than 10 views have none. Its reader decodes depth as
``max_depth * v / 65536`` and casts the ray of pixel i at ``i / (W - 1) * 2 - 1`` of the field of
view. That ray misses the pixel's centre by up to half a pixel, so a cloud by its rules is slightly
larger than the object (0.2 % at 512 pixels). Layout "exact" has neither error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.contract.linear import product
from worker.core.errors import Empty, Unsupported
from worker.export import images
from worker.export.camera_model import Camera
from worker.export.zips import RenderZip

Floats = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)
OPAQUE: Final = 255
"""The only 8-bit alpha that is at least 1 - 1e-5."""
MAX_EMPTY_VIEWS: Final = 10


class Seen(msgspec.Struct, frozen=True):
    """The points of n pixels of one view."""

    xyz: Floats
    """(n, 3), world coordinates."""
    rgba: NDArray[np.uint8]
    """(n, 4), 8-bit sRGB."""
    alpha: NDArray[np.uint16] | None
    """(n,), the material's opacity in 16 bits."""
    normals: Floats | None
    """(n, 3), world axes."""


class Points(Seen, frozen=True):
    """The points of all views, in the order of the views."""


class Rules(msgspec.Struct, frozen=True):
    """How a layout unprojects a view."""

    depth: Callable[[RenderZip, Camera], Floats]
    """Reads planar Z, (height, width), infinite on the background."""
    ray: Callable[[NDArray[np.intp], int, float], NDArray[np.float64]]
    """From pixel indices, image width or height, and principal point to the ray's offset from the
    principal point, in pixels."""
    needs_alpha: bool
    """Whether the zip must have the material's opacity."""


def _depth_gpt4point(zipped: RenderZip, view: Camera) -> Floats:
    about = zipped.metadata.render_worker.images.get("depth", {})
    described = about.get("invalid") == images.TOP and isinstance(about.get("range"), list)
    near, far = images.depth_range(zipped, view) if described else (0.0, 0.0)
    if not described or near != 0:
        raise Unsupported(
            "layout gpt4point needs 16-bit depth with near 0 and invalid 65535, as preset "
            "gpt4point renders it; --layout exact takes any depth"
        )
    value = images.depth_16(zipped, view)
    z = value.astype(np.float64) * (far / 65536)
    return np.where(value == images.TOP, np.inf, z).astype(np.float32)


RULES: Final = {
    "gpt4point": Rules(
        depth=_depth_gpt4point,
        ray=lambda pixel, count, centre: pixel / (count - 1) * count - centre,
        needs_alpha=True,
    ),
    "exact": Rules(
        depth=images.depth,
        ray=lambda pixel, _, centre: pixel + 0.5 - centre,
        needs_alpha=False,
    ),
}


def chosen(zipped: RenderZip, layout: str, count: int) -> Points:
    """Draw `count` of an object's visible points with a fixed seed; all if there are fewer.

    Raises: Unsupported, RenderFailed; Empty, if more than 10 views have no visible point.
    """
    rules = RULES[layout]
    views = [_visible(zipped, view, rules) for view in zipped.views]
    empty = sum(not len(pixels) for _, pixels in views)
    total = sum(len(pixels) for _, pixels in views)
    if empty > MAX_EMPTY_VIEWS or not total:
        raise Empty(
            f"{empty} of {len(views)} views show no opaque surface; "
            f"a point cloud allows at most {MAX_EMPTY_VIEWS} such views"
        )
    wanted = _random(zipped.uid, total, count)
    parts, begin = [], 0
    for view, (z, pixels) in zip(zipped.views, views, strict=True):
        first, last = np.searchsorted(wanted, (begin, begin + len(pixels)))
        mine = pixels[wanted[first:last] - begin]
        begin += len(pixels)
        if len(mine):
            parts.append(_seen(zipped, view, rules, z, mine))
    return Points(
        np.concatenate([part.xyz for part in parts]),
        np.concatenate([part.rgba for part in parts]),
        _joined(part.alpha for part in parts),
        _joined(part.normals for part in parts),
    )


def _visible(zipped: RenderZip, view: Camera, rules: Rules) -> tuple[Floats, NDArray[np.intp]]:
    """Planar Z, and the flat indices of the pixels that become points."""
    if view.projection != "perspective":
        raise Unsupported(f"view {view.name} is {view.projection}, not perspective")
    z = rules.depth(zipped, view)
    opaque = images.albedo(zipped, view)[..., 3] == OPAQUE
    return z, np.flatnonzero(np.isfinite(z) & opaque)


def _random(uid: str, total: int, count: int) -> NDArray[np.intp]:
    """Draw `count` distinct numbers below `total`, ascending.

    Only the generator's raw bits are used, since they are the same in every NumPy version.
    """
    if total <= count:
        return np.arange(total)
    seed = int.from_bytes(hashlib.sha256(f"pointcloud {uid}".encode()).digest()[:16])
    keys = np.random.PCG64(seed).random_raw(total)
    return np.sort(np.argpartition(keys, count)[:count])


def _seen(
    zipped: RenderZip, view: Camera, rules: Rules, z: Floats, pixels: NDArray[np.intp]
) -> Seen:
    row, column = np.divmod(pixels, view.width)
    k, pose = np.asarray(view.K), np.asarray(view.camera_to_world)
    depth = z.ravel()[pixels].astype(np.float64)
    x = rules.ray(column, view.width, k[0, 2]) / k[0, 0]
    y = rules.ray(row, view.height, k[1, 2]) / k[1, 1]
    # OpenGL camera axes: y up, looking down -z.
    local = np.stack([x, -y, -np.ones_like(x)], axis=-1) * depth[:, None]
    alpha = normals = None
    if rules.needs_alpha or images.has(zipped, "alpha"):
        alpha = images.material_alpha(zipped, view).ravel()[pixels]
    if images.has(zipped, *images.NORMAL_KINDS):
        normals = images.normal(zipped, view).reshape(-1, 3)[pixels]
    return Seen(
        (product(local, pose[:3, :3].T) + pose[:3, 3]).astype(np.float32),
        images.albedo(zipped, view).reshape(-1, 4)[pixels],
        alpha,
        normals,
    )


def _joined(arrays: Iterable[NDArray[Scalar] | None]) -> NDArray[Scalar] | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if present else None
