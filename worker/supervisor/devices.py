"""The devices of this worker, from what the scheduler shows it.

A device is a kind ("optix", "cuda", "cpu") and the CUDA_VISIBLE_DEVICES entry that shows a child
just that one: an index, a UUID (GPU-…) or a MIG name (MIG-…), passed on as it came.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from worker.core.errors import DeviceMissing

DEVICES_BY_CHOICE = {
    "auto": ("optix", "cuda", "cpu"),
    "optix": ("optix",),
    "cuda": ("cuda",),
    "cpu": ("cpu",),
}
"""What each choice tries, in order. Only `auto` may end on the CPU."""

NVIDIA = Path("/proc/driver/nvidia/gpus")
VISIBLE = "CUDA_VISIBLE_DEVICES"


class Device(msgspec.Struct, frozen=True):
    """One device to bind children to. `visible` is None for the CPU."""

    kind: str
    visible: str | None = None

    @property
    def name(self) -> str:
        """For a person: "cpu", "cuda 1", "optix GPU-…"."""
        return self.kind if self.visible is None else f"{self.kind} {self.visible}"

    @property
    def environment(self) -> dict[str, str]:
        """What shows a child this device and no other."""
        return {VISIBLE: self.visible or ""}


def candidates(choice: str, environment: Mapping[str, str]) -> list[list[Device]]:
    """Sets of devices to try in turn for `--device choice`; the first whose child starts is taken.

    Raises: DeviceMissing where `choice` names a GPU and there is none to be seen.
    """
    gpus = mine(visible(environment), environment)
    sets = []
    for kind in DEVICES_BY_CHOICE[choice]:
        if kind == "cpu":
            sets.append([Device("cpu")])
        elif gpus:
            sets.append([Device(kind, gpu) for gpu in gpus])
    if not sets:
        shown = environment.get(VISIBLE)
        why = f"{VISIBLE} is '{shown}'" if shown is not None else "no NVIDIA driver shows one"
        raise DeviceMissing(
            f"--device {choice}: there is no GPU here ({why}); "
            "give the container or the task one, or render with --device cpu"
        )
    return sets


def visible(environment: Mapping[str, str]) -> list[str]:
    """GPUs that the scheduler or the driver shows, as CUDA_VISIBLE_DEVICES entries.

    As the driver does, the list ends at the first entry that is no device ("-1", "NoDevFiles").
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


def mine(gpus: list[str], environment: Mapping[str, str]) -> list[str]:
    """This task's part of a node's GPUs, when several tasks are shown the same ones.

    Slurm tells a task its number on the node (SLURM_LOCALID) and how many there are; with more
    tasks than GPUs, several tasks share one.
    """
    local = environment.get("SLURM_LOCALID", "")
    tasks = _tasks_on_node(environment)
    bound = "SLURM_GPUS_PER_TASK" in environment  # what is shown is this task's alone
    if bound or not local.isdigit() or tasks <= 1 or len(gpus) <= 1:
        return gpus
    return gpus[int(local) :: tasks] or [gpus[int(local) % len(gpus)]]


def _tasks_on_node(environment: Mapping[str, str]) -> int:
    """Tasks of this step on this node, from Slurm's "4(x2),3" with the node's own number."""
    text = environment.get("SLURM_STEP_TASKS_PER_NODE") or environment.get(
        "SLURM_TASKS_PER_NODE", ""
    )
    counts: list[int] = []
    for part in text.split(","):
        if match := re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part.strip()):
            counts += [int(match[1])] * int(match[2] or 1)
    node = environment.get("SLURM_NODEID", "0")
    number = int(node) if node.isdigit() else 0
    return counts[number] if number < len(counts) else 1


def _count() -> int:
    """GPUs of the machine, asked of the driver."""
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
