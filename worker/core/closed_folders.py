"""Folders of this machine that no list opens: the system's own, and those of credentials.

A list on disk may be a stranger's as well, and what a record names is read by the child of every
other model. What the user names, as the list or the folder to render, is the user's choice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

NAMED_BY: Final = (
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "BOTO_CONFIG", "DOCKER_CONFIG", "GIT_ASKPASS",
    "GNUPGHOME", "GOOGLE_APPLICATION_CREDENTIALS", "HF_TOKEN_PATH", "KUBECONFIG",
    "NETRC", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
)  # fmt: skip
"""Variables that name files or folders with credentials."""
SYSTEM: Final = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys")
OPEN: Final = ("/dev/shm", "/run/media")  # noqa: S108 - only compared
"""Folders in those of SYSTEM in which models may lie."""
TOO_WIDE: Final = ("/", "/home", "/var")
"""Roots that would give a model what belongs to others."""
DATA: Final = frozenset({".cache", ".objaverse"})
"""Hidden folders of a home in which programs keep what they have downloaded."""
HOMES: Final = "/home"
ROOT_HOME: Final = "/root"


def homes(environment: Mapping[str, str]) -> set[str]:
    """The user's home, as `environment` and as the system names it. Links are not resolved."""
    return {environment.get("HOME", ""), os.path.expanduser("~")} - {""}  # noqa: PTH111 - needs no home


def credentials(environment: Mapping[str, str]) -> set[str]:
    """The files and folders that the variables NAMED_BY name. Links are not resolved."""
    return {environment.get(variable, "") for variable in NAMED_BY} - {""}


class ClosedFolders:
    """Which paths are closed to a list. Paths are absolute, with links resolved."""

    def __init__(self, environment: Mapping[str, str], named: Iterable[Path] = ()) -> None:
        """`named`: what the user named; where it lies in a closed folder, that one is open."""
        self._homes = {ROOT_HOME, *map(os.path.realpath, homes(environment))}
        self._credentials = set(map(os.path.realpath, credentials(environment)))
        self._opened: set[str] = set()
        for each in named:
            path = Path(os.path.realpath(each))
            own = (path,) if path.is_dir() else (path, path.parent)
            self._opened |= {found for one in own if (found := self._region(str(one)))}

    def is_home(self, path: str) -> bool:
        """Whether `path` is the home of somebody."""
        return path in self._homes or path.rpartition("/")[0] == HOMES

    def around(self, path: str) -> str | None:
        """The closed folder that `path` is or lies in; None if it may be opened."""
        region = self._region(path)
        return None if region in self._opened else region

    def _region(self, path: str) -> str | None:
        if path in TOO_WIDE:
            return path
        for each in (path, *map(str, Path(path).parents)):
            if each in OPEN:
                return None
            above, _, name = each.rpartition("/")
            hidden = name.startswith(".") and name not in DATA and self.is_home(above or "/")
            if each in SYSTEM or each in self._credentials or hidden:
                return each
        return None
