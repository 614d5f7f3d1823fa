"""A test render: a new child renders the canary on one device, and the image is checked."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from worker.contract import render_passes
from worker.contract.engines import CYCLES
from worker.contract.protocol import Ready, Rendered
from worker.core import memory
from worker.core.errors import NodeUnusable, ObjectError
from worker.pack.raw import RawView
from worker.supervisor import canary
from worker.supervisor.devices import Device
from worker.supervisor.fence.fences import Fences, Surroundings
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.process import Child, ChildDied
from worker.supervisor.runtime import Runtime
from worker.supervisor.watchdog import Limits, Overrun, TooMuchMemory

PATIENT = Limits(start_s=180.0, view_s=1800.0, object_s=1800.0, silence_s=1800.0)
"""The driver needs minutes to compile kernels for a GPU that Blender includes none for."""
SHARE_SEEN = 0.02
"""The fraction of the image that the cube covers at least, even from the farthest camera."""


class Trial(msgspec.Struct, frozen=True):
    """The result of a successful test render."""

    ready: Ready
    devices: tuple[str, ...]
    """Names of the devices that rendered."""
    start_s: float
    render_s: float


def trial(
    runtime: Runtime,
    device: Device,
    home: Path,
    sandbox: Sandbox,
    limits: Limits = PATIENT,
    engine: str = CYCLES,
) -> Trial:
    """Start Blender on `device` and render a cube with `engine`. Removes the folder `home`.

    Raises: BlenderMissing; DeviceMissing; NodeUnusable, if Blender starts but does not render, or
    cannot be fenced and must be.
    """
    begin = time.monotonic()
    fence = Fences(sandbox, runtime, Surroundings().beside(home.parent), os.environ).of(
        device, home
    )
    child = Child(runtime, device, home, limits, memory.default_limit(1), fence)
    try:
        ready, configured = child.start(threads=0)
        started = time.monotonic()
        request = canary.request(home / canary.UID, engine)
        try:
            answer = child.render(request)
        except (ChildDied, Overrun, TooMuchMemory) as error:
            raise NodeUnusable(f"a test render failed: {error}{_tail(child.log_tail)}") from error
        ended = time.monotonic()
        if not isinstance(answer, Rendered):
            raise NodeUnusable(f"a test render failed: {answer.message}{_tail(child.log_tail)}")
        child.stop()  # before anything reads what it has written
        _check_image(answer, Path(request.scratch))
    finally:
        child.kill()
        shutil.rmtree(home, ignore_errors=True)
    return Trial(ready, tuple(configured.devices), started - begin, ended - started)


def _check_image(answer: Rendered, scratch: Path) -> None:
    """Check that the image decodes and shows a lit cube. Raises: NodeUnusable."""
    try:
        pixels = RawView(answer.views[0], scratch).layer(render_passes.COMBINED)
    except ObjectError as error:
        raise NodeUnusable(f"the image of a test render is damaged: {error}") from error
    seen = pixels[..., 3] > 0
    if not np.isfinite(pixels).all() or seen.mean() < SHARE_SEEN or not pixels[..., :3].max() > 0:
        raise NodeUnusable("the image of a test render is black, empty or not finite")


def _tail(lines: Sequence[str]) -> str:
    return f"; Blender printed: {' | '.join(lines[-3:])}" if lines else ""
