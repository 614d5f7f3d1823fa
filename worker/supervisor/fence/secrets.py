"""Files and folders that no grant may contain: credentials, homes, and the system's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from worker.core import closed_folders

TOKENS: Final = ("token", "stored_tokens")
"""Of the Hugging Face hub, in the folder of its downloads."""

SYSTEM: Final = (
    *closed_folders.SYSTEM, closed_folders.HOMES, closed_folders.ROOT_HOME, "/var", "/var/run",
    "/dev/shm", "/tmp", "/var/tmp",  # noqa: S108 - only compared
)  # fmt: skip
"""Folders that belong to the system or to many; a model's own folder may lie in one."""


def places(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The absolute paths of what is private on this machine, links resolved."""
    homes = closed_folders.homes(environment)
    hubs = {environment.get("HF_HOME", ""), *(f"{home}/.cache/huggingface" for home in homes)}
    tokens = {f"{hub}/{name}" for hub in hubs if hub for name in TOKENS}
    every = (*SYSTEM, *homes, *closed_folders.credentials(environment), *tokens)
    return tuple(sorted({resolved(Path(each)) for each in every}))


def resolved(path: Path) -> Path:
    """`path`, absolute and with links resolved; a loop of links is left as it is."""
    return Path(os.path.realpath(path))
