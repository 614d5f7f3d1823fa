"""Places on an object's way where a test has the worker killed, to prove that nothing is lost.

Off unless the environment says ``RENDER_WORKER_FAILPOINT=NAME[:N]``: then the worker ends itself
with SIGKILL when it reaches NAME for the N-th time (default: the first). Blender never sees the
variable. Off, a point costs one comparison.
"""

from __future__ import annotations

import itertools
import os
import signal
from enum import StrEnum
from typing import Final

from worker.core.errors import UsageError

VARIABLE: Final = "RENDER_WORKER_FAILPOINT"


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


def _armed() -> tuple[Failpoint, int] | None:
    name, _, count = os.environ.get(VARIABLE, "").partition(":")
    if not name:
        return None
    try:
        return Failpoint(name), int(count or 1)
    except ValueError as error:
        known = ", ".join(Failpoint)
        raise UsageError(f"{VARIABLE}: {error}; NAME[:N], NAME one of {known}") from error


_count = itertools.count(1)  # `next` is one step of the interpreter, so threads share it safely
_off = VARIABLE not in os.environ


def reach(point: Failpoint) -> None:
    """Be at `point`; does not return if the environment says so. Raises: UsageError."""
    if _off:
        return
    armed = _armed()
    if armed is not None and armed[0] is point and next(_count) == armed[1]:
        os.kill(os.getpid(), signal.SIGKILL)
        signal.pause()  # the signal may reach another thread first
