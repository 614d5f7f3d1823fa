"""How busy the worker's GPUs are, as nvidia-smi says.

nvidia-smi runs in a process of its own, because a driver that hangs would hang the worker as well.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Iterable
from typing import Final

PROGRAM: Final = "nvidia-smi"
QUERY: Final = ("--query-gpu=index,uuid,utilization.gpu", "--format=csv,noheader,nounits")
FIELDS: Final = 3
DEADLINE_S: Final = 30.0


def busy(gpus: Iterable[str]) -> dict[str, float]:
    """The busy share of each GPU, 0 to 1, by its entry of CUDA_VISIBLE_DEVICES.

    It is the share of the last moment (up to a second) in which a kernel ran. A GPU about which
    nvidia-smi says nothing is left out: it says nothing about slices (MIG).
    """
    program = shutil.which(PROGRAM)
    if program is None:
        return {}
    try:
        said = subprocess.run(
            [program, *QUERY], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=DEADLINE_S, check=False,
        ).stdout  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return read(said, gpus)


def read(said: str, gpus: Iterable[str]) -> dict[str, float]:
    """As `busy`, from nvidia-smi's answer to QUERY: one line "index, uuid, percent" per GPU."""
    shares: dict[str, float] = {}
    rows = [[field.strip() for field in row] for row in csv.reader(said.splitlines())]
    for gpu in gpus:
        for row in rows:
            if len(row) == FIELDS and row[2].isdecimal() and names(gpu, row[0], row[1]):
                shares[gpu] = int(row[2]) / 100
    return shares


def names(gpu: str, index: str, uuid: str) -> bool:
    """Whether an entry names this GPU: by its index, or by the beginning of its UUID."""
    return gpu == index or (gpu.startswith("GPU-") and uuid.lower().startswith(gpu.lower()))
