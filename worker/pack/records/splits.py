"""Splits the views, in order, into training, validation and test by a recipe's `splits`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from worker.contract.protocol import View
from worker.contract.recipe import Recipe

NAMES: Final = ("train", "val", "test")


def asked(recipe: Recipe) -> bool:
    """Whether the recipe splits the views."""
    return any(recipe.splits.counts(recipe.views))


def parts(views: Sequence[View], recipe: Recipe) -> dict[str, Sequence[View]]:
    """Split name to its views; if the recipe has no splits, all views are for training."""
    if not asked(recipe):
        return {"train": views, "val": [], "test": []}
    begin = 0
    found: dict[str, Sequence[View]] = {}
    for name, count in zip(NAMES, recipe.splits.counts(recipe.views), strict=True):
        found[name] = views[begin : begin + count]
        begin += count
    return found
