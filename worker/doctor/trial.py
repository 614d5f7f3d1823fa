"""A test render: the canary through a fresh child on one device, and a look at what came out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from worker.contract import render_passes
from worker.contract.protocol import Ready, Rendered
from worker.core import memory
from worker.core.errors import NodeUnusable, ObjectError
from worker.pack.raw import RawView
from worker.supervisor import canary
from worker.supervisor.devices import Device
from worker.supervisor.process import Child, ChildDied
from worker.supervisor.runtime import Runtime
from worker.supervisor.watchdog import Limits, Overrun, TooMuchMemory

PATIENT = Limits(start_s=180.0, view_s=1800.0, object_s=1800.0, silence_s=1800.0)
"""On a GPU that Blender brings no kernels for, the driver compiles them for minutes."""
SHARE_SEEN = 0.02
"""The least share of the picture that a rendered cube covers, from the farthest viewpoint."""


class Trial(msgspec.Struct, frozen=True):
    """What a test render showed."""

    ready: Ready
    devices: tuple[str, ...]
    """Names of the devices that rendered."""
    start_s: float
    render_s: float


def trial(runtime: Runtime, device: Device, home: Path, limits: Limits = PATIENT) -> Trial:
    """Start Blender on `device` and render a cube, in the folder `home`, which is removed.

    Raises: BlenderMissing, DeviceMissing; NodeUnusable when it starts but does not render.
    """
    begin = time.monotonic()
    child = Child(runtime, device, home, limits, memory.default_limit(1))
    try:
        ready, configured = child.start(threads=0)
        started = time.monotonic()
        request = canary.request(home / canary.UID)
        try:
            answer = child.render(request)
        except (ChildDied, Overrun, TooMuchMemory) as error:
            raise NodeUnusable(f"a test render failed: {error}{_tail(child.log_tail)}") from error
        ended = time.monotonic()
        if not isinstance(answer, Rendered):
            raise NodeUnusable(f"a test render failed: {answer.message}{_tail(child.log_tail)}")
        _look(answer, Path(request.scratch))
        child.stop()
    finally:
        child.kill()
        shutil.rmtree(home, ignore_errors=True)
    return Trial(ready, tuple(configured.devices), started - begin, ended - started)


def _look(answer: Rendered, scratch: Path) -> None:
    """Raises: NodeUnusable unless the picture decodes and shows a lit cube."""
    try:
        pixels = RawView(answer.views[0], scratch).layer(render_passes.COMBINED)
    except ObjectError as error:
        raise NodeUnusable(f"a test render came out damaged: {error}") from error
    seen = pixels[..., 3] > 0
    if not np.isfinite(pixels).all() or seen.mean() < SHARE_SEEN or not pixels[..., :3].max() > 0:
        raise NodeUnusable("a test render of a cube came out black, empty or not finite")


def _tail(lines: Sequence[str]) -> str:
    return f"; Blender said: {' | '.join(lines[-3:])}" if lines else ""
