"""What a recipe asks of a Blender, against what the one here has."""

from __future__ import annotations

import structlog

from worker.contract.protocol import Ready
from worker.contract.recipe import DENOISER, Recipe
from worker.core.errors import ConfigurationError

log = structlog.get_logger(__name__)


def check(recipe: Recipe, ready: Ready) -> None:
    """Refuse a recipe that no object can be rendered by here; warn of what it has to do without.

    Raises: ConfigurationError, naming what is lacking, what there is and which Blender has it.
    """
    transform = recipe.colour.view_transform
    if transform not in ready.view_transforms:
        raise ConfigurationError(
            f"'colour.view_transform' is {transform}, which Blender {ready.blender} lacks; "
            f"it has {', '.join(ready.view_transforms)}; "
            "the bpy 4.5 wheel (--blender bpy) has every one"
        )
    if recipe.cycles.denoise and DENOISER not in ready.denoisers:
        log.warning(
            "no denoiser: images stay noisy where the preset denoises",
            denoiser=DENOISER,
            blender=ready.blender,
        )
