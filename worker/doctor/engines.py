"""Checks whether EEVEE and Workbench draw here; Cycles is checked with its devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from worker.contract.engines import EEVEE, RASTERISERS, WORKBENCH
from worker.core.errors import DeviceMissing, NodeError
from worker.doctor.check import Check, Health
from worker.doctor.trial import trial
from worker.supervisor import devices
from worker.supervisor.devices import Device
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.runtime import Runtime


def check_rasterisers(
    chosen: Runtime, choice: str, sandbox: Sandbox, folders: Iterator[Path]
) -> Iterator[Check]:
    """Render a cube with each engine on the device that --device `choice` is for it.

    What does not draw is a warning, unless the device was asked for by name: a run of Cycles works.
    """
    device = Device(devices.RASTERISER_BY_CHOICE[choice])
    for engine in (WORKBENCH, EEVEE):  # the fast one first
        try:
            tried = trial(chosen, device, next(folders), sandbox, engine=engine)
        except DeviceMissing as error:
            yield from (_broken(each, choice, error) for each in RASTERISERS)
            return
        except NodeError as error:
            yield _broken(engine, choice, error)
            continue
        yield Check(
            name="engine",
            health=Health.OK,
            found=f"{engine}: {device.kind}, {', '.join(tried.devices)}; test render in "
            f"{tried.render_s:.1f} s",
            facts={"engine": engine, "works": True, "names": list(tried.devices)},
        )


def _broken(engine: str, choice: str, error: NodeError) -> Check:
    what, _, advice = str(error).partition("; ")
    return Check(
        name="engine",
        health=Health.FAIL if choice == devices.SOFTWARE else Health.WARN,
        found=f"{engine}: {what}",
        advice=advice,
        facts={"engine": engine, "works": False},
    )
