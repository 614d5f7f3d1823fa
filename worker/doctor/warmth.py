"""Fills the kernel caches with a test render on every GPU that a run would use.

On a software rasteriser, it is EEVEE's shaders that are compiled.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from worker.contract.engines import CYCLES, EEVEE
from worker.core.errors import DeviceMissing
from worker.doctor import kernels
from worker.doctor.trial import trial
from worker.supervisor import devices
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.runtime import Runtime


class Warmed(msgspec.Struct, frozen=True):
    """One GPU after its test render."""

    kind: str
    visible: str
    names: tuple[str, ...]
    seconds: float
    caches_before: tuple[kernels.Cache, ...]
    caches: tuple[kernels.Cache, ...]


def warm(
    runtime: Runtime,
    choice: str,
    sandbox: Sandbox,
    environment: Mapping[str, str],
    home: Path,
    on_device: Callable[[str], None] = lambda _: None,
) -> list[Warmed]:
    """Render on each GPU of the kind that a run would use; returns [] if that is the CPU.

    on_device: called with the name of each GPU before its test render.

    Raises: DeviceMissing, BlenderMissing, NodeUnusable.
    """
    engine = EEVEE if choice == devices.SOFTWARE else CYCLES
    numbers = itertools.count()
    absent: DeviceMissing | None = None
    for chosen in devices.candidates(choice, environment, engine):
        if chosen[0].kind == "cpu":
            return []
        warmed = []
        try:
            for device in chosen:
                on_device(device.name)
                before = kernels.caches(device.kind, environment)
                tried = trial(
                    runtime, device, home / f"warm-{next(numbers)}", sandbox, engine=engine
                )
                warmed.append(
                    Warmed(
                        kind=device.kind,
                        visible=device.visible or "",
                        names=tried.devices,
                        seconds=tried.render_s,
                        caches_before=tuple(before),
                        caches=tuple(kernels.caches(device.kind, environment)),
                    )
                )
        except DeviceMissing as error:
            if warmed:
                raise  # a run would use this kind and fail in the same way
            absent = error
            continue
        return warmed
    raise absent or DeviceMissing("no device to test")
