"""Other processes, as /proc shows them."""

from __future__ import annotations

from pathlib import Path


def below(folder: Path) -> list[int]:
    """Living processes at work below `folder`, as all Blender children of a worker are."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                where = (entry / "cwd").readlink()
            except OSError:
                continue
            # The kernel marks a folder that is gone in the link's text.
            if str(where).startswith(f"{folder}/") and state(int(entry.name)) not in {"Z", ""}:
                found.append(int(entry.name))
    return found


def state(pid: int) -> str:
    """R, S, D, T, Z …, as proc(5) has them; empty of a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
