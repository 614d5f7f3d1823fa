"""What every product offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from worker.blender.engine import Device
from worker.blender.geometry import point_clouds, statistics
from worker.blender.importing import importers
from worker.blender.importing.paths import Root
from worker.blender.importing.staging import Staged
from worker.blender.views import scene
from worker.contract.protocol import STAGE, Phase, Rendered, RenderObject
from worker.contract.recipe import Recipe

Tell = Callable[[Phase], None]
"""Tells the host of each phase, before it begins."""
Product = Callable[[RenderObject, Recipe, Device, Tell], Rendered]
"""Makes the raw files of one object in the request's scratch. Raises: ObjectFault."""


def imported(
    request: RenderObject, recipe: Recipe, tell: Tell
) -> tuple[Staged, str, dict[str, Any]]:
    """Import the object into an empty scene: where it is read from, its format, what it counts.

    Tells the phases "import" and "scene", of which the second is begun. Raises: ObjectFault.
    """
    root = Root(request.root, request.model)
    suffix = request.format.lower()
    tell(Phase(request.uid, "import"))
    scene.clean()
    stage = str(Path(request.scratch, STAGE))
    staged = importers.load(root, suffix, recipe.subject, stage)
    tell(Phase(request.uid, "scene"))
    facts = statistics.count(staged.root)
    facts.update(point_clouds.show(staged.root, suffix, recipe.subject))
    return staged, suffix, facts
