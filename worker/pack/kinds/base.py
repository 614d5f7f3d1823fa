"""What every image kind offers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from numpy.typing import NDArray

from worker.codecs.image_formats import Form
from worker.contract.recipe import Recipe
from worker.pack.raw import RawView


def no_facts(_: RawView, __: Recipe) -> dict[str, Any]:
    """Most kinds are told whole by their description."""
    return {}


class ImageKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of image: how it is made of a view's raw files, and what lies in it."""

    name: str
    """As a recipe's `images` has it; `keys.IMAGE_ENDINGS` has its file name."""
    form: Callable[[Recipe], Form]
    encode: Callable[[RawView, Recipe], NDArray[Any]]
    """The image's pixels, top row first, as its form takes them. Raises RenderFailed."""
    describe: Callable[[Recipe], dict[str, Any]]
    """For the zip's metadata: channels, space, encoding, range, unit, invalid, how to read it."""
    facts: Callable[[RawView, Recipe], dict[str, Any]] = no_facts
    """What is to be known of this view's image beside that, for cameras.json."""
