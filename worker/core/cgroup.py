"""Where the kernel keeps this process's limits and counts: control groups, versions 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PROC = Path("/proc")


def texts(controller: str, unified: str, legacy: str) -> Iterator[str]:
    """The contents, where they can be read, of these files of this process's groups.

    The innermost group comes first, then those above it. `unified` and `legacy` name the same
    thing in version 2 and in the `controller` ("memory", "cpu") of version 1.
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
    # A container shows its own group as the root, whatever its name outside.
    return files + [root / name for root, name in roots.values()]
