"""Decodes each use of a picture as what it is: colours as sRGB, numbers as they are.

Importers keep one picture for all uses of a file, in the colour space of the last of them: an
occlusion map that is the colour map too would wash out the colours. That of .obj takes all pictures
for colours, which turns a flat normal map by 39 degrees.
"""

from __future__ import annotations

from typing import Any

from worker.blender.materials import textures
from worker.blender.materials.textures import COLOUR, STILL_SOURCES

SRGB, RAW = "sRGB", "Non-Color"
LINEAR = (".exr", ".hdr")
"""Ends of the names of files whose colours are stored as numbers are."""
AUTHORED = frozenset({"blend"})
"""Formats in which the colour space is the author's choice, and one for all uses of a picture."""
TOLD = frozenset({"usd", "usda", "usdc", "usdz"})
"""Formats that may tell the colour space of each use. Of a picture that is both colours and
numbers, Blender keeps what one of them tells: it is decoded as the uses are."""


def by_use(suffix: str) -> None:
    """Give the uses of each picture that are colours, and those that are numbers, their own."""
    if suffix in AUTHORED:
        return
    colours: dict[Any, list[Any]] = {}
    numbers: dict[Any, list[Any]] = {}
    for use in textures.all_uses():
        if _is_coded(use.node.image) and use.node.outputs["Color"].is_linked:
            kind = colours if use.purpose == COLOUR else numbers
            kind.setdefault(use.node.image, []).append(use.node)
    both = colours.keys() & numbers.keys()
    for image in colours if suffix not in TOLD else both:
        _decode(image, SRGB)
    for image, nodes in numbers.items():
        if image in both:
            copy = image.copy()
            _decode(copy, RAW)
            for node in nodes:
                node.image = copy
        elif suffix not in TOLD:
            _decode(image, RAW)


def _is_coded(image: Any) -> bool:
    """Whether colours and numbers are stored in different ways, as in all but HDR pictures."""
    if image is None or image.source not in STILL_SOURCES:
        return False
    return not image.filepath.lower().endswith(LINEAR)  # `file_format` would decode it


def _decode(image: Any, space: str) -> None:
    if image.colorspace_settings.name != space:  # to set it reads the picture anew
        image.colorspace_settings.name = space
