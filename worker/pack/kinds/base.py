"""What every image kind offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.blender.recipe import Recipe
from worker.pack.raw import RawView


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of image: how it is made of a view's raw files, and what lies in it."""

    name: str
    suffix: str
    """What its file name has after the view's name; see `keys.image_file`."""
    mode: str
    """Pillow's mode of the file."""
    encode: Callable[[RawView, Recipe], NDArray[np.uint8]]
    """The image's pixels, top row first. Raises RenderFailed."""
    describe: Callable[[Recipe], dict[str, Any]]
    """For the zip's metadata: space, encoding, range, unit, alpha, invalid."""
