"""Files and folders that no grant may contain: credentials, homes, and the system's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from worker.core.closed_folders import NAMED_BY

TOKENS: Final = ("token", "stored_tokens")
"""Of the Hugging Face hub, in the folder of its downloads."""

SYSTEM: Final = (
    "/boot", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/var", "/var/run",
    "/dev/shm", "/tmp", "/var/tmp",  # noqa: S108 - only compared
)  # fmt: skip
"""Folders that belong to the system or to many; a model's own folder may lie in one."""


def places(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The absolute paths of what is private on this machine, links resolved."""
    homes = {environment.get("HOME", ""), os.path.expanduser("~")}  # noqa: PTH111 - needs no home
    named = {environment.get(variable, "") for variable in NAMED_BY}
    hubs = {environment.get("HF_HOME", "")} | {f"{home}/.cache/huggingface" for home in homes}
    tokens = {f"{hub}/{name}" for hub in hubs if hub for name in TOKENS}
    every = (*SYSTEM, *homes, *named, *tokens)
    return tuple(sorted({resolved(Path(each)) for each in every if each}))


def resolved(path: Path) -> Path:
    """`path`, absolute and with links resolved; a loop of links is left as it is."""
    return Path(os.path.realpath(path))
