"""Measures a field on views it was not trained on."""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import numpy as np

from examples.nerf.scene import Array, Views

WHITE = 1.0
"""The background of NeRF's synthetic scenes, which both images are on."""


class Shown(NamedTuple):
    """What a field shows in n views."""

    colour: Array
    """(n,h,w,3), 0 to 1, on the background that was asked for."""
    opacity: Array
    """(n,h,w), 0 to 1."""
    depth: Array
    """(n,h,w), planar, in world units; 0 where nothing is seen."""


@dataclasses.dataclass(frozen=True)
class Quality:
    """PSNR in dB of each view, over all its pixels and over those of the object alone."""

    psnr: tuple[float, ...]
    object_psnr: tuple[float, ...]

    def summary(self) -> dict[str, float | int]:
        """The means over the views, and the worst view."""
        return {
            "views": len(self.psnr),
            "psnr_db": round(float(np.mean(self.psnr)), 2),
            "worst_psnr_db": round(min(self.psnr), 2),
            "object_psnr_db": round(float(np.mean(self.object_psnr)), 2),
        }


def quality(shown: Shown, views: Views) -> Quality:
    """Compare what a field shows on `WHITE` with the images, also on `WHITE`."""
    squares = ((shown.colour - views.on(WHITE)) ** 2).mean(-1)
    of_object = views.rgba[..., 3] > 0
    return Quality(
        tuple(psnr(float(each.mean())) for each in squares),
        tuple(
            psnr(float(each[mask].mean())) for each, mask in zip(squares, of_object, strict=True)
        ),
    )


def depth_error(shown: Shown, depth: Array) -> float:
    """Median difference from the rendered depth (n,h,w; infinite where nothing is), in world units.

    Over pixels where there is something and the field shows something opaque.
    """
    both = np.isfinite(depth) & (shown.opacity > 0.5)  # noqa: PLR2004 - half
    return float(np.median(np.abs(shown.depth - depth)[both]))


def psnr(error: float) -> float:
    """Of a mean squared error of values in 0..1, dB."""
    return -10 * math.log10(max(error, 1e-10))
