"""The devices of this worker, as made visible by the scheduler or the driver.

A device has a kind ("optix", "cuda", "cpu") and an entry of CUDA_VISIBLE_DEVICES: an index, a UUID
(GPU-…) or a MIG name (MIG-…). The entry is passed unchanged to the children on that device.

EEVEE and Workbench draw with OpenGL: on "egl", the GPU that EGL shows first, or, only if asked for,
on "software", Mesa's rasteriser. EGL knows no CUDA_VISIBLE_DEVICES, and Blender no other device.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from worker.contract.engines import CYCLES
from worker.core import node_share
from worker.core.errors import ConfigurationError, DeviceMissing

DEVICES_BY_CHOICE = {
    "auto": ("optix", "cuda", "cpu"),
    "optix": ("optix",),
    "cuda": ("cuda",),
    "cpu": ("cpu",),
    "software": (),
}
"""The kinds that each --device choice tries for Cycles, in order. Only `auto` falls back to the
CPU."""
SOFTWARE = "software"
EGL = "egl"
RASTERISER_BY_CHOICE = {"auto": EGL, SOFTWARE: SOFTWARE}
"""The kind that each --device choice is for EEVEE and Workbench; there are no others."""
OF_CORES = frozenset({"cpu", SOFTWARE})
"""The kinds that the node's cores are."""

NVIDIA = Path("/proc/driver/nvidia/gpus")
UNIFIED_MEMORY = Path("/dev/nvidia-uvm")
"""The device file that is made last: when the module that CUDA needs is loaded."""
VENDORS = ("/etc/glvnd/egl_vendor.d/50_mesa.json", "/usr/share/glvnd/egl_vendor.d/50_mesa.json")
"""Where GLVND, which chooses between Mesa and NVIDIA, is told of Mesa."""
VISIBLE = "CUDA_VISIBLE_DEVICES"


class Device(msgspec.Struct, frozen=True):
    """A device for children; `visible` is its entry, None for the CPU."""

    kind: str
    visible: str | None = None

    @property
    def name(self) -> str:
        """Name for messages: "cpu", "cuda 1", "optix GPU-…"."""
        return self.kind if self.visible is None else f"{self.kind} {self.visible}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make only this device visible to a child."""
        return {VISIBLE: self.visible or "", **(_mesa() if self.kind == SOFTWARE else {})}


def _mesa() -> dict[str, str]:
    """The variables by which Mesa draws on the CPU, whatever else the node has."""
    found = {"LIBGL_ALWAYS_SOFTWARE": "1", "GALLIUM_DRIVER": "llvmpipe"}
    vendors = [str(path) for path in map(Path, VENDORS) if path.is_file()]
    return {**found, **({"__EGL_VENDOR_LIBRARY_FILENAMES": vendors[0]} if vendors else {})}


def candidates(
    choice: str, environment: Mapping[str, str], engine: str = CYCLES
) -> list[list[Device]]:
    """Sets of devices to try in order for `--device choice`; the first that works is used.

    Raises: DeviceMissing, if `choice` is a GPU and none is visible; ConfigurationError, if it is
    none of the engine's.
    """
    if engine != CYCLES:
        if choice not in RASTERISER_BY_CHOICE:
            raise ConfigurationError(
                f"--device {choice}: engine {engine} draws with OpenGL; use --device auto for a "
                f"GPU through EGL, or {SOFTWARE} for Mesa's software rasteriser"
            )
        return [[Device(RASTERISER_BY_CHOICE[choice])]]
    if choice == SOFTWARE:
        raise ConfigurationError(
            f"--device {choice}: a software rasteriser is for engine eevee or workbench; for "
            f"engine {engine} without a GPU use --device cpu"
        )
    gpus = node_share.of_gpus(visible(environment), environment)
    sets = []
    for kind in DEVICES_BY_CHOICE[choice]:
        if kind == "cpu":
            sets.append([Device("cpu")])
        elif gpus:
            sets.append([Device(kind, gpu) for gpu in gpus])
    if not sets:
        shown = environment.get(VISIBLE)
        why = f"{VISIBLE} is '{shown}'" if shown is not None else "no NVIDIA driver lists one"
        raise DeviceMissing(
            f"--device {choice}: there is no GPU here ({why}); "
            "give the container or the task a GPU, or use --device cpu"
        )
    return sets


def visible(environment: Mapping[str, str]) -> list[str]:
    """The visible GPUs, as entries of CUDA_VISIBLE_DEVICES.

    As in the driver, the list ends before the first entry that is not a device, such as "-1" or
    "NoDevFiles". Without the variable, all GPUs of the machine are visible.
    """
    shown = environment.get(VISIBLE)
    if shown is None:
        return [str(number) for number in range(_count())]
    gpus = []
    for entry in (entry.strip() for entry in shown.split(",")):
        if not re.fullmatch(r"\d+|GPU-[0-9A-Fa-f-]+|MIG-[0-9A-Za-z/-]+", entry):
            break
        gpus.append(entry)
    return gpus


def load_driver() -> None:
    """Create the device files of CUDA if they are missing, as the driver does on its first use.

    It starts a program for that, which a child in a fence cannot.
    """
    program = shutil.which("nvidia-modprobe")
    if program is None or UNIFIED_MEMORY.exists():
        return
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run([program, "-c", "0", "-u"], capture_output=True, timeout=30, check=False)


def _count() -> int:
    """The number of GPUs of the machine, according to the driver."""
    if NVIDIA.is_dir():
        return len(list(NVIDIA.iterdir()))
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        listing = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in listing.splitlines())
