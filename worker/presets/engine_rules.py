"""What an engine lacks of a recipe's settings; each rule yields its contradictions as messages."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

from worker.contract.engines import CYCLES, EEVEE, IMAGES_BY_RASTERISER, WORKBENCH
from worker.contract.recipe import Cycles, Recipe, Subject
from worker.presets.overrides import flat, to_toml

OF_CYCLES: Final = "cycles"
"""The table of settings that Cycles alone has."""
SHADED: Final = "it shades surfaces with a light of its own"
ONLY: Final[Mapping[str, Mapping[str, tuple[tuple[Any, ...], str]]]] = {
    EEVEE: {"product": (("views",), "it makes views alone")},
    WORKBENCH: {
        "product": (("views",), "it makes views alone"),
        "lights.rig": (("none",), SHADED),
        "colour.view_transform": (("standard",), "its colours are the screen's already"),
        "subject.backfaces": (("shown", "hidden"), "it hides the backs of all faces or of none"),
        "subject.least_alpha": (
            (Subject().least_alpha,), "surfaces are opaque to it, or wholly clear",
        ),
    },
}  # fmt: skip
"""By engine and key: the values that it can have, and why no other."""


def rules(recipe: Recipe) -> Iterator[str]:
    """Yield what the recipe's engine cannot do."""
    if recipe.engine == CYCLES:
        return
    have = IMAGES_BY_RASTERISER[recipe.engine]
    if lacking := [kind for kind in recipe.images if kind not in have]:
        yield (
            f"'images' has {', '.join(lacking)}, which engine {recipe.engine} has not "
            f"(it has {', '.join(have)}; engine cycles has all)"
        )
    values = flat(dataclasses.asdict(recipe))
    for key, (allowed, why) in ONLY[recipe.engine].items():
        if values[key] not in allowed:
            yield (
                f"'{key}' is {values[key]}, but engine {recipe.engine} takes only "
                f"{' or '.join(map(str, allowed))}: {why}"
            )
    own, default = dataclasses.asdict(recipe.cycles), dataclasses.asdict(Cycles())
    for name, value in own.items():
        if value != default[name]:
            yield (
                f"'{OF_CYCLES}.{name}' is {to_toml(value)}, a setting of Cycles that engine "
                f"{recipe.engine} has not; remove it"
            )
