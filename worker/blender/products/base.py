"""The interface of products, and the import that they share."""

from __future__ import annotations

import time
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

TOLD_EVERY_S = 0.25
"""Seconds from one view that is told to the host to the next.

Small views take hundredths of a second, and a message wakes two processes. The time limit of a view
that is not told began with the view that was, so it may end this much early.
"""


def telling(request: RenderObject, report: Report) -> Callable[[int], None]:
    """Reports views by number before they begin: the first, then later ones if they are slow.

    Of an object that is debugged, every view is, so that a crash is that of the view it names.
    """
    due = 0.0

    def tell(number: int) -> None:
        nonlocal due
        now = time.monotonic()
        if request.debug or now >= due:
            due = now + TOLD_EVERY_S
            report(Phase(request.uid, "view", number))

    return tell


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
