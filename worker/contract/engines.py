"""The render engines: what each one draws.

Cycles traces paths. EEVEE and Workbench are rasterisers, which draw with OpenGL. Their data passes
are taken in a render of their own, with one sample at the pixel's centre, which makes them exact
(measured in 3.4.1 and 4.5; with more samples, EEVEE's depth is off by whole pixels, and Workbench's
filter makes alpha too small).
"""

from __future__ import annotations

from typing import Dict, Tuple

CYCLES, EEVEE, WORKBENCH = "cycles", "eevee", "workbench"
ENGINES = (CYCLES, EEVEE, WORKBENCH)
RASTERISERS = (EEVEE, WORKBENCH)

_COLOUR = ("colour", "colour-exr")
_DEPTH = ("depth", "depth-exr", "depth-npy", "depth-f16", "mask")
_NORMAL = ("normal", "normal-16", "normal-exr")
IMAGES_BY_RASTERISER: Dict[str, Tuple[str, ...]] = {
    EEVEE: (*_COLOUR, *_DEPTH, *_NORMAL),  # its positions are half floats: 3 digits
    WORKBENCH: (*_COLOUR, *_DEPTH),  # its view layer has no other pass
}
"""The image kinds that a rasteriser draws; Cycles draws all."""

MOST_SHOTS = 8
"""Largest side of the square grid of samples that Workbench takes of a pixel."""


def grid(samples: int) -> int:
    """The side of the square grid of samples that Workbench takes instead of `samples`."""
    return max(side for side in range(1, MOST_SHOTS + 1) if side == 1 or side * side <= samples)
