"""Masks as COCO's compressed run lengths, the `counts` of a `segmentation`.

Runs go down the columns, from the left one on; the first is of background and may be 0. The string
has each run's length, from the fourth on its difference to that two runs before, in groups of five
bits, the lowest first: bit 6 says that more groups follow, the last group has the sign in bit 5,
and 48 is added to make it a printable character. Source: cocodataset/cocoapi, common/maskApi.c.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BITS: Final = 5
GROUP: Final = (1 << BITS) - 1
SIGN: Final = 1 << (BITS - 1)
MORE: Final = 1 << BITS
ZERO: Final = 48
DIRECT: Final = 3
"""How many runs at the beginning are stored as they are."""
LONGEST: Final = 13
"""Most groups of a number of 64 bits."""


class NotRle(ValueError):
    """The text is no mask of that size."""


def encode(mask: NDArray[np.bool_]) -> dict[str, Any]:
    """A mask (height, width) as a COCO segmentation: `size`, height and width, and `counts`."""
    height, width = mask.shape
    flat = np.concatenate([[False], mask.ravel(order="F")])
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(ends, prepend=0, append=flat.size - 1).tolist()
    return {"size": [height, width], "counts": "".join(
        _text(run - (runs[place - 2] if place >= DIRECT else 0)) for place, run in enumerate(runs)
    )}  # fmt: skip


def decode(segmentation: dict[str, Any]) -> NDArray[np.bool_]:
    """The mask (height, width) of a segmentation that `encode` made. Raises: NotRle."""
    height, width = segmentation["size"]
    runs: list[int] = []
    for number in _numbers(segmentation["counts"]):
        runs.append(number + (runs[-2] if len(runs) >= DIRECT else 0))
    if min(runs, default=0) < 0 or sum(runs) != height * width:
        raise NotRle(f"its runs do not fill {width}x{height} pixels")
    flat = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return flat.reshape((height, width), order="F")


def _text(number: int) -> str:
    made = []
    while True:
        group = number & GROUP
        number >>= BITS
        if number == (-1 if group & SIGN else 0):
            made.append(group)
            return "".join(chr(ZERO + each) for each in made)
        made.append(group | MORE)


def _numbers(text: str) -> list[int]:
    found, number, place = [], 0, 0
    for letter in text:
        group = ord(letter) - ZERO
        if not 0 <= group < 2 * MORE or place >= LONGEST:
            raise NotRle(f"{letter!r} is not part of a number")
        number |= (group & GROUP) << (BITS * place)
        place += 1
        if not group & MORE:
            found.append(number - ((group & SIGN) << 1 << (BITS * (place - 1))))
            number, place = 0, 0
    if place:
        raise NotRle("it ends within a number")
    return found
