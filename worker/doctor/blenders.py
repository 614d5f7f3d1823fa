"""Checks the installed Blenders, and the devices that a run would use."""

from __future__ import annotations

import importlib.util
import itertools
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from worker.contract.recipe import DENOISER
from worker.core.errors import DeviceMissing, NodeError
from worker.doctor import gpu_kernels, kernels
from worker.doctor.check import Check, Health, size
from worker.doctor.engines import check_rasterisers
from worker.doctor.sandbox import check_sandbox
from worker.doctor.trial import Trial, trial
from worker.supervisor import devices, runtime
from worker.supervisor.devices import Device
from worker.supervisor.environment import CACHE_VARIABLES
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.runtime import Runtime

CPU = Device("cpu")


def check_blenders(
    choice: str, device: str, sandbox: Sandbox, environment: Mapping[str, str], home: Path
) -> Iterator[Check]:
    """Check the Blender that a run would use, then other installed ones, then the devices.

    choice, device, sandbox: the options --blender, --device and --sandbox. home: a scratch folder.
    """
    folders = (home / f"trial-{number}" for number in itertools.count())
    try:
        chosen = runtime.find(choice)
        cpu = trial(chosen, CPU, next(folders), sandbox)
    except NodeError as error:
        yield Check(
            name="blender",
            health=Health.FAIL,
            found=str(error),
            advice="install the bpy wheel with 'make setup', or choose a program with "
            "--blender PATH",
        )
        return
    yield _blender(chosen, cpu, "a run uses this one")
    if choice == "auto":
        yield from _others(chosen, sandbox, folders)
    of_cycles = CPU.kind if device == devices.SOFTWARE else device
    yield from _devices(chosen, cpu, of_cycles, sandbox, environment, folders)
    if device in devices.RASTERISER_BY_CHOICE:  # by another, a run of them is refused
        yield from check_rasterisers(chosen, device, sandbox, folders)


def _blender(found: Runtime, cpu: Trial, note: str) -> Check:
    ready = cpu.ready
    lacking = [] if DENOISER in ready.denoisers else ["OpenImageDenoise"]
    return Check(
        name="blender",
        health=Health.WARN if lacking else Health.OK,
        found=f"{ready.blender} ({found.name}), started in {cpu.start_s:.1f} s; {note}",
        advice=f"built without {lacking[0]}: presets that denoise render without denoising"
        if lacking
        else "",
        facts={
            "runtime": found.name,
            "version": ready.blender,
            "formats": ready.formats,
            "engines": ready.engines,
            "denoisers": ready.denoisers,
            "view_transforms": ready.view_transforms,
            "start_s": round(cpu.start_s, 2),
        },
    )


def _others(chosen: Runtime, sandbox: Sandbox, folders: Iterator[Path]) -> Iterator[Check]:
    """Check the other Blenders. A broken one is a warning, because a run does not use it."""
    names = [runtime.WHEEL] * (importlib.util.find_spec("bpy") is not None)
    names += [path for path in [shutil.which("blender")] if path]
    for name in names:
        if name == chosen.name:
            continue
        try:
            found = runtime.find(name)
            yield _blender(
                found, trial(found, CPU, next(folders), sandbox), "--blender can select it"
            )
        except NodeError as error:
            yield Check(
                name="blender",
                health=Health.WARN,
                found=f"{name}: {error}",
                advice="matters only if you choose it with --blender",
            )


def _devices(
    chosen: Runtime,
    cpu: Trial,
    choice: str,
    sandbox: Sandbox,
    environment: Mapping[str, str],
    folders: Iterator[Path],
) -> Iterator[Check]:
    try:
        sets = devices.candidates(choice, environment)
    except DeviceMissing as error:
        yield Check(
            name="device",
            health=Health.FAIL,
            found=str(error),
            advice="give the container or the task a GPU, or use --device cpu",
        )
        return
    taken = ""
    every = [*itertools.chain.from_iterable(sets)]
    if any(device.visible for device in every):
        yield from gpu_kernels.check_kernels(chosen, cpu.ready.blender, every, gpu_kernels.cards())
    for device in every:
        if device.kind == "cpu":
            yield _device(device, cpu)
            yield check_sandbox(chosen, device, sandbox, next(folders), environment)
            continue
        before = kernels.caches(device.kind, environment)
        tried = _tried(chosen, device, sandbox, next(folders))
        # As in `Pool.open`: the first kind whose first device exists, or the one chosen.
        first = not taken and any(device is kind[0] for kind in sets)
        if first and (choice != "auto" or not isinstance(tried, DeviceMissing)):
            taken = device.kind
        if isinstance(tried, Trial):
            yield _device(device, tried)
            yield from _caches(before, tried, device, environment)
            if first:  # all devices of a kind get the same sandbox
                yield check_sandbox(chosen, device, sandbox, next(folders), environment)
        else:
            yield _broken(device, tried, Health.FAIL if device.kind == taken else Health.WARN)


def _tried(chosen: Runtime, device: Device, sandbox: Sandbox, folder: Path) -> Trial | NodeError:
    try:
        return trial(chosen, device, folder, sandbox)
    except NodeError as error:
        return error


def _broken(device: Device, error: NodeError, health: Health) -> Check:
    # The message of DeviceMissing already names the device.
    name = "" if isinstance(error, DeviceMissing) else f"{device.name}: "
    return Check(
        name="device",
        health=health,
        found=f"{name}{error}",
        advice="check nvidia-smi, the driver version and, in a container, "
        "NVIDIA_DRIVER_CAPABILITIES (compute,utility,graphics)",
        facts={"kind": device.kind, "visible": device.visible, "renders": False},
    )


def _device(device: Device, tried: Trial) -> Check:
    return Check(
        name="device",
        health=Health.OK,
        found=f"{device.name}: {', '.join(tried.devices)}; test render in {tried.render_s:.1f} s",
        facts={
            "kind": device.kind,
            "visible": device.visible,
            "names": list(tried.devices),
            "renders": True,
            "render_s": round(tried.render_s, 2),
        },
    )


def _caches(
    before: list[kernels.Cache], tried: Trial, device: Device, environment: Mapping[str, str]
) -> Iterator[Check]:
    for cold, now in zip(before, kernels.caches(device.kind, environment), strict=True):
        where = f"{now.kind} in {now.folder}"
        if not now.writable:
            health, advice = (
                Health.WARN,
                "not writable: every child compiles kernels again; set "
                + CACHE_VARIABLES[now.kind],
            )
        elif not now.warm:
            health, advice = Health.OK, "nothing compiled: this Blender includes this GPU's kernels"
        else:
            health, advice = Health.OK, ""
        state = "warm" if cold.warm else "was cold"
        filled = f", {size(now.bytes)} after a test render of {tried.render_s:.0f} s"
        yield Check(
            name="kernel cache",
            health=health,
            found=f"{where}: {state}{filled}",
            advice=advice,
            facts={
                "kind": now.kind,
                "folder": str(now.folder),
                "was_warm": cold.warm,
                "bytes": now.bytes,
                "writable": now.writable,
            },
        )
