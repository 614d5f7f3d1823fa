"""Reads that attacks try, and what the kernel says of this process."""

from __future__ import annotations

import pathlib
from typing import Dict


def read(path: str) -> None:
    """Open a file and read a byte. Raises: OSError."""
    with pathlib.Path(path).open("rb", buffering=0) as file:
        file.read(1)


def own_status() -> Dict[str, str]:
    """The fields of /proc/self/status (proc_pid_status(5)), by name."""
    with pathlib.Path("/proc/self/status").open() as file:
        pairs = (line.split(":", 1) for line in file)
        return {name: value.strip() for name, value in pairs}
