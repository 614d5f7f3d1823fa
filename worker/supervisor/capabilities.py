"""Checks that the Blender in use can render a recipe."""

from __future__ import annotations

import structlog

from worker.contract.model_formats import MODEL_SUFFIXES
from worker.contract.protocol import Ready
from worker.contract.recipe import DENOISER, DEPTH_IMAGES, Recipe
from worker.core.errors import ConfigurationError
from worker.supervisor.runtime import COMPLETE

log = structlog.get_logger(__name__)


def check(recipe: Recipe, ready: Ready) -> None:
    """Refuse a recipe that this Blender cannot render; warn if it lacks an optional feature.

    Raises: ConfigurationError, with what is missing, what is available, and which Blender has it.
    """
    if recipe.engine not in ready.engines:
        raise ConfigurationError(
            f"'engine' is {recipe.engine}, which Blender {ready.blender} lacks; "
            f"it has {', '.join(ready.engines)}"
        )
    depths = [kind for kind in recipe.images if kind in DEPTH_IMAGES]
    if depths and recipe.product == "views" and recipe.engine not in ready.exact_depth:
        raise ConfigurationError(
            f"'images' has {', '.join(depths)}, but the {recipe.engine} of Blender {ready.blender} "
            "tells depth in 16 bits; use engine cycles or workbench, or Blender 4.2 or newer"
        )
    transform = recipe.colour.view_transform
    if transform not in ready.view_transforms:
        raise ConfigurationError(
            f"'colour.view_transform' is {transform}, which Blender {ready.blender} lacks; "
            f"it has {', '.join(ready.view_transforms)}; "
            f"{COMPLETE} has all of them"
        )
    if lacking := sorted(MODEL_SUFFIXES - set(ready.formats)):
        log.warning(
            "this Blender cannot import some formats: such objects fail as 'unsupported'",
            formats=lacking,
            blender=ready.blender,
            advice=f"{COMPLETE} imports all of them",
        )
    if recipe.cycles.denoise and DENOISER not in ready.denoisers:
        log.warning(
            "this Blender has no denoiser: images are not denoised",
            denoiser=DENOISER,
            blender=ready.blender,
        )
