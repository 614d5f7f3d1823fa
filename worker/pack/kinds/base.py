"""The interface of an image kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs.image_formats import Form
from worker.contract.recipe import Recipe
from worker.pack.raw import RawView
from worker.pack.stack import Stack


def no_facts(_: RawView, __: Recipe) -> dict[str, Any]:
    """Return no facts: for kinds whose description is the same for every view."""
    return {}


class ImageKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of image: how to make it from a view's raw files, and what its values mean."""

    name: str
    """The name in a recipe's `images`; `keys.IMAGE_ENDINGS` maps it to a file name ending."""
    form: Callable[[Recipe], Form]
    """The file format."""
    encode: Callable[[RawView, Recipe], NDArray[Any]]
    """Returns the pixels, top row first, as `form` takes them. Raises: RenderFailed."""
    describe: Callable[[Recipe], dict[str, Any]]
    """Returns the description for ``metadata.json``: channels, space, encoding, range, unit,
    invalid value and how to read the image."""
    facts: Callable[[RawView, Recipe], dict[str, Any]] = no_facts
    """Returns what differs from view to view, such as a depth range, for ``cameras.json``."""
    stacked: Callable[[Stack, Recipe], NDArray[Any]] | None = None
    """Encodes all views of a stack at once. None if pixels depend on more of their view than what
    the passes have there."""


def pictures(kind: ImageKind, stack: Stack, recipe: Recipe) -> NDArray[Any]:
    """The pixels of a stack's views, (views, height, width, ...); see `ImageKind.encode`.

    Raises: RenderFailed.
    """
    if kind.stacked is not None:
        return stack.apart(kind.stacked(stack, recipe))
    found = [kind.encode(view, recipe) for view in stack.views]
    return np.stack(found) if len(found) > 1 else found[0][None]
