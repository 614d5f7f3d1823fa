"""Which views are for training, validation and test: a recipe's `splits`, in the views' order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from worker.contract.protocol import View
from worker.contract.recipe import Recipe

NAMES: Final = ("train", "val", "test")


def asked(recipe: Recipe) -> bool:
    """Whether the recipe splits its views at all."""
    return any(getattr(recipe.splits, name) for name in NAMES)


def parts(views: Sequence[View], recipe: Recipe) -> dict[str, Sequence[View]]:
    """The views of each split; without splits all are for training."""
    if not asked(recipe):
        return {"train": views, "val": [], "test": []}
    begin = 0
    found: dict[str, Sequence[View]] = {}
    for name in NAMES:
        count = getattr(recipe.splits, name)
        found[name] = views[begin : begin + count]
        begin += count
    return found
