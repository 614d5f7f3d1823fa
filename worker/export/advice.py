"""What a reader has to be told of a data set, beside its place; said when an export starts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog

from worker.contract.recipe import Recipe

log = structlog.get_logger(__name__)

PUBLISHED_RATE: Final = 0.025
"""`rate` in the published configuration of ZeroNVS."""
STEPS: Final = 10_000
"""Rates are advised in steps of 1 / STEPS."""


def pairs(rate: float, views: int) -> int:
    """How many pairs of views ZeroNVS's reader takes of a scene each time it reads it."""
    return int(rate * views)


def least_rate(views: int) -> float:
    """The smallest rate, in steps of 1 / STEPS, at which the reader takes a pair of a scene."""
    step = max(1, math.ceil(STEPS / views))
    return (step if pairs(step / STEPS, views) else step + 1) / STEPS


class Asked(msgspec.Struct, frozen=True):
    """What an export makes."""

    export: Any
    """The export kind with its options."""
    recipe: Recipe
    files: int
    """How many files many objects share; 0 if every object has its own, or if not known yet."""


def _zeronvs(asked: Asked) -> None:
    recipe = asked.recipe
    told = {"views_per_scene": recipe.views, "rate": f"at least {least_rate(recipe.views):g}"}
    if pairs(PUBLISHED_RATE, recipe.views):
        log.info("set in ZeroNVS's configuration", **told)
        return
    log.warning(
        "with its published rate ZeroNVS's reader takes no pair of these scenes, and waits for "
        "ever; set in its configuration",
        published=PUBLISHED_RATE,
        **told,
    )


def _zero123(asked: Asked) -> None:
    log.info("set in Zero-1-to-3's configuration", total_view=asked.recipe.views)


def _trellis(_: Asked) -> None:
    log.info(
        "TRELLIS's trainers also want the column aesthetic_score in metadata.csv, which renders do "
        "not tell; docs/systems.md joins it from a table"
    )


def _hdf5(asked: Asked) -> None:
    if asked.export.preprocess is None and asked.files:
        log.info("for the study's own preprocess_data.py -p, whose files are of equal size",
                 b=asked.files)  # fmt: skip


def _omage(asked: Asked) -> None:
    if asked.export.names is None:
        log.info(
            "category ids count the names found; the omages' own reader takes ids for those of its "
            "table, which --categories abo writes"
        )


ADVICE: Final[dict[tuple[str, str | None], Callable[[Asked], None]]] = {
    ("webdataset", "zeronvs"): _zeronvs,
    ("zero123", None): _zero123,
    ("trellis", None): _trellis,
    ("hdf5", "labels"): _hdf5,
    ("hdf5", "classes"): _hdf5,
    ("omage", None): _omage,
}
"""Export kind and layout to a function that logs what the reader needs."""


def give(kind: str, asked: Asked) -> None:
    """Log what the reader of this data set has to be told, if anything."""
    advise = ADVICE.get((kind, getattr(asked.export, "layout", None)))
    if advise is not None:
        advise(asked)
