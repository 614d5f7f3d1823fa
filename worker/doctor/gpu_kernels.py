"""Which GPUs a Blender has kernels for, and which drivers these need.

CUDA: Cycles takes a file of machine code (cubin) for exactly the card's compute capability;
without one, the driver compiles PTX, once, which takes minutes. OptiX: PTX on every card.
"""

from __future__ import annotations

import csv
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from worker.doctor.check import Check, Health
from worker.supervisor.devices import Device
from worker.supervisor.gpu_usage import DEADLINE_S, PROGRAM, names
from worker.supervisor.runtime import WHEEL, Runtime

QUERY: Final = (
    "--query-gpu=index,uuid,name,compute_cap,driver_version",
    "--format=csv,noheader,nounits",
)
FIELDS: Final = 5
FILES: Final = "*/scripts/addons*/cycles/lib/kernel_*"
"""Below the folder of a Blender; "addons_core" since 4.2."""
_KERNEL: Final = re.compile(r"kernel_(sm|compute)_(\d+)(\d)\.(?:cubin|ptx)(?:\.zst)?")
OPTIX_DRIVERS: Final = {3: (495, 89), 4: (535,)}
"""By the major version of Blender: OptiX 7.4 in 3.2 to 3.6, OptiX 8.0 in the 4.5 wheel."""
PTX_DRIVER: Final = (470, 42)
"""Of CUDA 11.4, which compiled the PTX of 3.2 and of the 4.5 wheel (the file says so); an older
driver says "Unsupported PTX version"."""

Capability = tuple[int, int]


class Card(msgspec.Struct, frozen=True):
    """A GPU, as nvidia-smi describes it."""

    index: str
    uuid: str
    name: str
    capability: Capability
    driver: str


class Kernels(msgspec.Struct, frozen=True):
    """The kernels in a Blender's folder: capabilities with machine code, and with PTX."""

    cubins: frozenset[Capability]
    ptx: frozenset[Capability]

    def compiles(self, capability: Capability) -> bool:
        """Whether the driver has to compile for a card of `capability`, and can."""
        return capability not in self.cubins and any(each <= capability for each in self.ptx)

    def covers(self, capability: Capability) -> bool:
        """Whether there is anything for such a card."""
        return capability in self.cubins or self.compiles(capability)


def cards() -> list[Card]:
    """The cards of this machine; none without nvidia-smi, or if it does not answer."""
    program = shutil.which(PROGRAM)
    if program is None:
        return []
    try:
        said = subprocess.run(
            [program, *QUERY], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=DEADLINE_S, check=False,
        ).stdout  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [*read(said)]


def read(said: str) -> Iterator[Card]:
    """The cards in nvidia-smi's answer to QUERY; lines that do not describe one are left out."""
    for row in csv.reader(said.splitlines()):
        fields = [field.strip() for field in row]
        if len(fields) == FIELDS and (found := re.fullmatch(r"(\d+)\.(\d)", fields[3])):
            capability = (int(found[1]), int(found[2]))
            yield Card(fields[0], fields[1], fields[2], capability, fields[4])


def included(runtime: Runtime) -> Kernels:
    """The kernels in the folder of a Blender."""
    if runtime.name == WHEEL:
        spec = importlib.util.find_spec("bpy")
        folders = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    else:
        folders = [Path(runtime.name).resolve().parent]
    return named(path.name for folder in folders for path in folder.glob(FILES))


def named(files: Iterable[str]) -> Kernels:
    """The kernels that files of these names hold."""
    matches = [found for found in map(_KERNEL.fullmatch, files) if found]
    every = [(found[1], (int(found[2]), int(found[3]))) for found in matches]
    return Kernels(
        cubins=frozenset(capability for kind, capability in every if kind == "sm"),
        ptx=frozenset(capability for kind, capability in every if kind == "compute"),
    )


def check_kernels(
    runtime: Runtime, blender: str, devices: Iterable[Device], found: Iterable[Card]
) -> Iterator[Check]:
    """One check for each visible card of `found`, whatever device renders on it.

    blender: its version, "4.5.15 LTS".
    """
    shown = list(devices)
    kernels = included(runtime)
    major = blender.partition(".")[0]
    for card in found:
        kinds = {
            each.kind
            for each in shown
            if each.visible and names(each.visible, card.index, card.uuid)
        }
        if kinds:
            yield check_card(card, kernels, int(major) if major.isdecimal() else 0, kinds)


def check_card(card: Card, kernels: Kernels, major: int, kinds: Iterable[str]) -> Check:
    """What Blender `major` has for a card, and whether its driver is new enough for `kinds`."""
    number = ".".join(map(str, card.capability))
    compiles = kernels.compiles(card.capability)
    state, advice = f"kernels for {number} are included", ""
    if compiles:
        state = f"no kernels for {number}: the driver compiles them once, which takes minutes"
        advice = "run 'render-worker warm' before the first run, once for each cache"
    elif not kernels.covers(card.capability):
        state = f"no kernels for {number}, and none to compile"
        advice = "choose another Blender with --blender, or --device cpu"
    old = [*_too_old(card, compiles, major, kinds)]
    return Check(
        name="kernels",
        health=Health.WARN if old or not kernels.covers(card.capability) else Health.OK,
        found=f"{card.name} (GPU {card.index}): {state}; driver {card.driver}",
        advice="; ".join([*old, *([advice] if advice else [])]),
        facts={
            "gpu": card.name, "uuid": card.uuid, "capability": number, "driver": card.driver,
            "included": card.capability in kernels.cubins, "compiled": compiles,
        },
    )  # fmt: skip


def _too_old(card: Card, compiles: bool, major: int, kinds: Iterable[str]) -> Iterator[str]:
    driver = _version(card.driver)
    needed = OPTIX_DRIVERS.get(min(major, max(OPTIX_DRIVERS)))
    if "optix" in kinds and needed is not None and driver < needed:
        yield f"OptiX in this Blender needs driver {_dotted(needed)} or newer: --device cuda"
    if compiles and driver < PTX_DRIVER:
        yield f"compiling needs driver {_dotted(PTX_DRIVER)} or newer"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
