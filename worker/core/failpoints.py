"""Points in a run where the crash tests kill the worker, to prove that no work is lost.

The worker itself installs no hook, so reaching a point only looks at an empty list.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final


class Failpoint(StrEnum):
    """All points, in the order in which a run reaches them."""

    SCRATCH_UNNAMED = "scratch-unnamed"  # created, not yet locked
    SCRATCH_MADE = "scratch-made"
    BLENDER_READY = "blender-ready"  # the first child is running
    JOB_BOUND = "job-bound"  # job.json exists
    FETCH_BEFORE = "fetch-before"
    FETCH_AFTER = "fetch-after"
    RENDER_BEFORE = "render-before"
    RENDER_AFTER = "render-after"  # the raw passes are in scratch
    PACK_BEFORE = "pack-before"
    ZIP_WRITTEN = "zip-written"  # in scratch, not yet checked and renamed
    PACK_AFTER = "pack-after"
    PUBLISH_BEFORE = "publish-before"
    CREATED = "created"  # the zip is in the store, not yet verified
    PUBLISH_AFTER = "publish-after"
    RECORD_BEFORE = "record-before"
    RECORD_AFTER = "record-after"  # the ledger line is in memory
    PART_BEFORE = "part-before"  # a ledger part is about to be written
    PART_AFTER = "part-after"
    COMPACT_BEFORE = "compact-before"  # the parts of a shard are about to be joined
    COMPACT_AFTER = "compact-after"  # they are, and have no summary yet
    SUMMARY_AFTER = "summary-after"
    FOLDER_BEGUN = "folder-begun"  # the temporary file exists and is empty
    FOLDER_WRITTEN = "folder-written"  # the temporary file is complete, not yet linked
    FOLDER_LINKED = "folder-linked"  # linked, the temporary name still exists
    FINISHED = "finished"  # the ledger is written; Blender and scratch still exist


_installed: Final[list[Callable[[Failpoint], None]]] = []


def install(hook: Callable[[Failpoint], None]) -> None:
    """Call `hook` at every point from now on, in the thread that reaches it."""
    _installed.append(hook)


def reach(point: Failpoint) -> None:
    """Call the installed hooks with `point`; a hook may end the process."""
    for hook in _installed:
        hook(point)
