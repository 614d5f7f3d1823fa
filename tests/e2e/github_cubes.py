"""A stand-in for github.com whose one repository, org/repo, holds cubes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.e2e import crash

GITHUB = "https://github.com/org/repo"


def repository(base: Path, count: int) -> tuple[dict[str, str], str]:
    """The environment in which GitHub has it, and its commit with cube-000.obj, cube-001.obj, …"""
    work = crash.cubes(base / "work", count)
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*arguments: str) -> str:
        name = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        return subprocess.run(
            ["git", "-C", work, *name, *arguments],
            env={**os.environ, **settings}, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "cubes")
    config = base / "gitconfig"
    config.write_text(f'[url "file://{work}/.git"]\n insteadOf = {GITHUB}.git\n')
    return {"GIT_CONFIG_GLOBAL": str(config)}, git("rev-parse", "HEAD")
