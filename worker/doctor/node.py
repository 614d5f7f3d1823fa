"""Checks of the node: scratch space for raw passes and downloads, memory, CPU cores."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from worker.core import cores, memory, scratch
from worker.core.errors import NodeError
from worker.doctor.check import Check, Health, size

SCRATCH_WANTED = 4 << 30
"""Bytes for the raw passes, or the downloads, of the objects in progress."""
SCRATCH_NEEDED = 512 << 20
CHILD_WANTED = 4 << 30
"""Bytes that each child should be allowed to use: heavy models need a few GB."""
CHILD_NEEDED = 1 << 30


def check_scratch(base: Path | None) -> Check:
    """Check that the folder for raw passes can be created and has free space."""
    return _space("scratch", base or scratch.default_base(), "use --scratch")


def check_downloads(base: Path | None) -> Check:
    """Check that the folder for downloads can be created and has free space."""
    return _space("downloads", base or scratch.disk_base(), "set TMPDIR to another folder")


def _space(name: str, chosen: Path, elsewhere: str) -> Check:
    try:
        with scratch.scratch(chosen) as folder:
            free = shutil.disk_usage(folder).free
    except NodeError as error:
        return Check(name=name, health=Health.FAIL, found=str(error), advice=elsewhere)
    ram = chosen.resolve().is_relative_to(scratch.RAM)
    health = Health.OK
    if free < SCRATCH_WANTED:
        health = Health.WARN if free >= SCRATCH_NEEDED else Health.FAIL
    return Check(
        name=name,
        health=health,
        found=f"{chosen}{' (RAM)' if ram else ''}, {size(free)} free",
        advice="" if health is Health.OK else f"free some space there, or {elsewhere}",
        facts={"folder": str(chosen), "free_bytes": free, "ram": ram},
    )


def check_memory(children: int, limit: int) -> Check:
    """Check the memory limit of each of `children`.

    limit: bytes per child; 0 means the default, derived from the machine's or cgroup's memory.
    """
    whole, total = memory.total(), memory.own()
    machine = memory.PAGE * os.sysconf("SC_PHYS_PAGES")
    each = limit or memory.default_limit(children)
    source = "cgroup" if whole < machine else "machine"
    if total < whole:
        source = f"a rank's part of the {source}'s {size(whole)}"
    health = Health.OK
    advice = ""
    if each * children > total:
        health, advice = Health.WARN, "the limits add up to more: lower --memory-limit-mb"
    elif each < CHILD_WANTED:
        health = Health.WARN if each >= CHILD_NEEDED else Health.FAIL
        advice = "provide more memory, or lower --children-per-device"
    return Check(
        name="memory",
        health=health,
        found=f"{size(total)} ({source}), {size(each)} for each of {children} "
        f"{'child' if children == 1 else 'children'}",
        advice=advice,
        facts={"total_bytes": total, "from": source, "child_bytes": each, "children": children},
    )


def check_cores(children: int) -> Check:
    """Check that each child has a CPU core, because Blender prepares scenes on the CPU."""
    usable, machine = cores.usable(), os.cpu_count() or 1
    enough = usable >= children
    return Check(
        name="cores",
        health=Health.OK if enough else Health.WARN,
        found=f"{usable} of the machine's {machine}",
        advice="" if enough else "provide one core per child, or lower --children-per-device",
        facts={"usable": usable, "machine": machine},
    )
