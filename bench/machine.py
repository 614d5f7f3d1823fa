"""The machine that the benchmarks ran on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from worker.core import memory


class Machine(msgspec.Struct, frozen=True):
    """A machine and the date of the measurement."""

    cpu: str
    cores: int
    memory_gb: int
    system: str
    blender: str
    date: str

    def sentence(self) -> str:
        """The description in docs/performance.md."""
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gb} GB, {self.system}, "
            f"Blender {self.blender}, {self.date}"
        )


def describe() -> Machine:
    """Describe this machine."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(memory.total() / 1e9),
        system=platform.platform(terse=True),
        blender=_blender(),
        date=datetime.now(UTC).date().isoformat(),
    )


def cores() -> int:
    """The number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0))


def load() -> float:
    """The load average over the last minute."""
    return os.getloadavg()[0]


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _blender() -> str:
    script = "import bpy, os; print(bpy.app.version_string, flush=True); os._exit(0)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]
