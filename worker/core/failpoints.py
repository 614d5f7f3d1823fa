"""Points on an object's way where the crash tests kill the worker, to prove that nothing is lost.

Nothing in the worker installs what happens there: a point passed costs one look at an empty list.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final


class Failpoint(StrEnum):
    """Every point, in the order in which a run meets them."""

    SCRATCH_UNNAMED = "scratch-unnamed"  # made, not yet locked
    SCRATCH_MADE = "scratch-made"
    BLENDER_READY = "blender-ready"  # the first child runs
    JOB_BOUND = "job-bound"  # job.json stands
    FETCH_BEFORE = "fetch-before"
    FETCH_AFTER = "fetch-after"
    RENDER_BEFORE = "render-before"
    RENDER_AFTER = "render-after"  # raw passes lie in scratch
    PACK_BEFORE = "pack-before"
    ZIP_WRITTEN = "zip-written"  # in scratch, not yet checked and named
    PACK_AFTER = "pack-after"
    PUBLISH_BEFORE = "publish-before"
    CREATED = "created"  # the zip is in the store, the worker has not looked at it
    PUBLISH_AFTER = "publish-after"
    RECORD_BEFORE = "record-before"
    RECORD_AFTER = "record-after"  # the line is in memory
    PART_BEFORE = "part-before"  # a ledger part is about to be written
    PART_AFTER = "part-after"
    FOLDER_BEGUN = "folder-begun"  # a body's temporary file is there, empty
    FOLDER_WRITTEN = "folder-written"  # all of it, not yet linked to its name
    FOLDER_LINKED = "folder-linked"  # linked, the temporary name still there
    FINISHED = "finished"  # every line is kept; Blender and scratch are still there


_installed: Final[list[Callable[[Failpoint], None]]] = []


def install(hook: Callable[[Failpoint], None]) -> None:
    """Have `hook` called at every point from now on, in the thread that reaches it."""
    _installed.append(hook)


def reach(point: Failpoint) -> None:
    """Be at `point`; does not return if what is installed ends the process."""
    for hook in _installed:
        hook(point)
