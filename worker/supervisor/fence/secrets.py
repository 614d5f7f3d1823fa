"""Files and folders that no grant may contain: credentials, homes, and the system's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

NAMED_BY: Final = (
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "BOTO_CONFIG", "DOCKER_CONFIG", "GIT_ASKPASS",
    "GNUPGHOME", "GOOGLE_APPLICATION_CREDENTIALS", "HF_HOME", "HF_TOKEN_PATH", "KUBECONFIG",
    "NETRC", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
)  # fmt: skip
"""Variables that name files or folders with credentials."""
SYSTEM: Final = (
    "/boot", "/dev", "/etc", "/home", "/proc", "/root", "/run", "/sys", "/var", "/var/run",
    "/dev/shm", "/tmp", "/var/tmp",  # noqa: S108 - only compared
)  # fmt: skip
"""Folders that belong to the system or to many; a model's own folder may lie in one."""


def places(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The absolute paths of what is private on this machine, links resolved."""
    homes = {environment.get("HOME", ""), os.path.expanduser("~")}  # noqa: PTH111 - needs no home
    named = {environment.get(variable, "") for variable in NAMED_BY}
    return tuple(sorted({resolved(Path(each)) for each in (*SYSTEM, *homes, *named) if each}))


def resolved(path: Path) -> Path:
    """`path`, absolute and with links resolved; a loop of links is left as it is."""
    return Path(os.path.realpath(path))
