"""The near-duplicates that a gallery shows side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from worker.pack import duplicates

LARGEST: Final = 24
"""Objects of a group that are shown."""


def groups(hashes: Sequence[str | None]) -> list[list[int]]:
    """The places in `hashes` of each group of near-duplicates, largest group first.

    See `worker.pack.duplicates`. None and what is not a hash is in no group.
    """
    values = {
        place: value
        for place, text in enumerate(hashes)
        if (value := duplicates.number(text)) is not None
    }
    places = np.array(list(values), np.intp)
    found = duplicates.groups(np.array(list(values.values()), np.uint64))
    return [places[group].tolist() for group in found]
