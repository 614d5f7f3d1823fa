"""Makes docs/images/bop.webp of a data set of `export bop`: python -m tools.bop_picture FOLDER.

The folder has two scenes of two images, as of
render-worker run samples --preset scenes-bop --set scenes.samples=4 --set views=2
--set scenes.reuse=1 --set resolution=[320,240].
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PICTURE: Final = Path(__file__).parents[1] / "docs/images/bop.webp"
HUES: Final = np.array(
    [(31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189)], np.uint8
)
FAR: Final = 25_000
"""The depth, in steps of the image, that is shown as white."""
SHOWN: Final = ((0, 0), (1, 0))
"""Scene and image."""


def main(folder: Path) -> None:
    """Write the picture: a row of colour, depth, mask and mask_visib for each image."""
    rows = [row(folder / f"train/{scene:06d}", image) for scene, image in SHOWN]
    Image.fromarray(np.concatenate(rows)).save(PICTURE, quality=85, method=6)


def row(scene: Path, image: int) -> NDArray[np.uint8]:
    """(height, 4 x width, 3)."""
    colour = pixels(scene / f"rgb/{image:06d}.png")
    depth = pixels(scene / f"depth/{image:06d}.png").astype(np.float64)
    grey = (255 * np.where(depth > 0, np.clip(depth / FAR, 0, 1), 1)).astype(np.uint8)
    parts = [colour, np.repeat(grey[..., None], 3, axis=-1)]
    for kind in ("mask", "mask_visib"):
        shown = np.full_like(colour, 255)
        for number, path in enumerate(sorted((scene / kind).glob(f"{image:06d}_*.png"))):
            shown[pixels(path) > 0] = HUES[number]
        parts.append(shown)
    return np.concatenate(parts, axis=1)


def pixels(path: Path) -> NDArray[Any]:
    """The values of a PNG."""
    return np.asarray(Image.open(path))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
