"""Files of this process's control groups (cgroups), versions 1 and 2: limits and counters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PROC = Path("/proc")


def texts(controller: str, unified: str, legacy: str) -> Iterator[str]:
    """Yield the stripped contents of one file of each of this process's groups.

    The innermost group comes first, then its parents. `unified` is the file's name in cgroup
    version 2, `legacy` its name under `controller` ("memory", "cpu") in version 1. Files that
    cannot be read are skipped.
    """
    for file in _files(controller, unified, legacy):
        try:
            yield file.read_text().strip()
        except OSError:
            continue


def _files(controller: str, unified: str, legacy: str) -> list[Path]:
    roots = {"0": (ROOT, unified), controller: (ROOT / controller, legacy)}
    files = []
    try:
        lines = (PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        number, controllers, path = line.split(":", 2)
        inner = Path(path.lstrip("/"))
        for key in {number, *controllers.split(",")} & roots.keys():
            root, name = roots[key]
            files += [root / p / name for p in [inner, *inner.parents]]
    # Inside a container its own group is mounted as the root, whatever /proc calls it.
    return files + [root / name for root, name in roots.values()]
