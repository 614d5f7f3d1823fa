"""The points that an object's views see, with colour, by GPT4Point's rules or exactly.

GPT4Point's (its point cloud scripts): of each view the pixels of finite depth and alpha of at least
1 - 1e-5; more than 10 views without any skips the object; its reader takes depth as
``max_depth * v / 65536`` and shoots the ray of pixel i at ``i / (W - 1) * 2 - 1`` of the field of
view. That ray is up to half a pixel beside the pixel's centre, so a cloud by its rules is a
hair larger than the object (0.2 % at 512 pixels); layout "exact" has neither fault.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.core.errors import Empty, Unsupported
from worker.export import images
from worker.export.camera_model import Camera
from worker.export.zips import RenderZip

Floats = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)
OPAQUE: Final = 255
"""The only 8-bit alpha of at least 1 - 1e-5."""
MAX_EMPTY_VIEWS: Final = 10


class Seen(msgspec.Struct, frozen=True):
    """What one view sees: n pixels of it."""

    xyz: Floats
    """(n, 3), world."""
    rgba: NDArray[np.uint8]
    """(n, 4), 8-bit sRGB."""
    alpha: NDArray[np.uint16] | None
    """(n,), the material's."""
    normals: Floats | None
    """(n, 3), world."""


class Points(Seen, frozen=True):
    """What all views see, one after the other."""


class Rules(msgspec.Struct, frozen=True):
    """How a layout reads a view."""

    depth: Callable[[RenderZip, Camera], Floats]
    ray: Callable[[NDArray[np.intp], int, float], NDArray[np.float64]]
    """Pixel numbers, their count along that side, and the principal point to pixels from it."""
    needs_alpha: bool


def _depth_gpt4point(zipped: RenderZip, view: Camera) -> Floats:
    about = zipped.metadata.render_worker.images.get("depth", {})
    told = about.get("invalid") == images.TOP and isinstance(about.get("range"), list)
    near, far = images.depth_range(zipped, view) if told else (0.0, 0.0)
    if not told or near != 0:
        raise Unsupported(
            "layout gpt4point needs 16-bit depth from 0, 65535 for none, as preset gpt4point "
            "makes it; --layout exact takes any depth"
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
    """`count` of the points that all views see, at random but always the same; all if fewer.

    Raises: Unsupported, RenderFailed; Empty, when more than 10 views see nothing.
    """
    rules = RULES[layout]
    views = [_visible(zipped, view, rules) for view in zipped.views]
    empty = sum(not len(pixels) for _, pixels in views)
    total = sum(len(pixels) for _, pixels in views)
    if empty > MAX_EMPTY_VIEWS or not total:
        raise Empty(
            f"{empty} of {len(views)} views see no opaque surface; "
            f"a point cloud is not made of an object with more than {MAX_EMPTY_VIEWS}"
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
    """Depth, and the flat numbers of the pixels that count."""
    if view.projection != "perspective":
        raise Unsupported(f"view {view.name} is {view.projection}, not perspective")
    z = rules.depth(zipped, view)
    opaque = images.albedo(zipped, view)[..., 3] == OPAQUE
    return z, np.flatnonzero(np.isfinite(z) & opaque)


def _random(uid: str, total: int, count: int) -> NDArray[np.intp]:
    """`count` of the numbers below `total`, ascending; of raw bits, which no NumPy changes."""
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
    # OpenGL's camera: y up, looking down -z.
    local = np.stack([x, -y, -np.ones_like(x)], axis=-1) * depth[:, None]
    alpha = normals = None
    if rules.needs_alpha or images.has(zipped, "alpha"):
        alpha = images.material_alpha(zipped, view).ravel()[pixels]
    if images.has(zipped, *images.NORMAL_KINDS):
        normals = images.normal(zipped, view).reshape(-1, 3)[pixels]
    return Seen(
        (local @ pose[:3, :3].T + pose[:3, 3]).astype(np.float32),
        images.albedo(zipped, view).reshape(-1, 4)[pixels],
        alpha,
        normals,
    )


def _joined(arrays: Iterable[NDArray[Scalar] | None]) -> NDArray[Scalar] | None:
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if present else None
