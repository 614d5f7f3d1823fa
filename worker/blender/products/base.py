"""The interface of products, and the import that they share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from worker.blender import debugging
from worker.blender.engine import Device
from worker.blender.geometry import point_clouds, statistics
from worker.blender.importing import importers
from worker.blender.importing.paths import Root
from worker.blender.importing.staging import Staged
from worker.blender.views import scene
from worker.contract.protocol import STAGE, Phase, Rendered, RenderObject
from worker.contract.recipe import Recipe

Report = Callable[[Phase], None]
"""Reports a phase to the host before it begins."""
Product = Callable[[RenderObject, Recipe, Device, Report], Rendered]
"""Writes the raw files of one object to the request's scratch folder. Raises: ObjectFault."""


def imported(
    request: RenderObject, recipe: Recipe, report: Report
) -> tuple[Staged, str, dict[str, Any]]:
    """Import the object into an empty scene.

    Reports the phases "import" and "scene"; the second continues after the return.
    Returns: where the object was read from, its format in lower case, and its statistics.
    Raises: ObjectFault.
    """
    root = Root(request.root, request.model)
    suffix = request.format.lower()
    report(Phase(request.uid, "import"))
    scene.clean()
    stage = str(Path(request.scratch, STAGE))
    debugging.note_files(request, root, suffix)
    staged = importers.load(root, suffix, recipe.subject, stage)
    debugging.save(request, "imported")
    report(Phase(request.uid, "scene"))
    facts = statistics.count(staged.root)
    facts.update(point_clouds.show(staged.root, suffix, recipe.subject))
    return staged, suffix, facts
