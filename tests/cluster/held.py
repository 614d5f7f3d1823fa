"""A Blender that stands still on one object, so that a stop always finds its worker at work."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.fault_injection import child
from tests.tools.files import found

MODEL = "gear.stl"
IN_THE_IMAGE = "/opt/venv/bin/python"
PATIENT_SETTINGS = {"RENDER_WORKER_VIEW_TIMEOUT": 3600, "RENDER_WORKER_OBJECT_TIMEOUT": 3600}
"""For the worker, lest it replaces the child that is held."""


@dataclass(frozen=True)
class Held:
    """A Blender program in a folder; it is the wheel's, but for the model it is to `hold`."""

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "blender"

    @property
    def fault(self) -> Path:
        """What is to happen to whom, while something is."""
        return self.folder / "fault"

    def hold(self, model: str, kind: str = "sleep") -> None:
        """Every child that starts from here on sleeps for ever on a model of this name.

        With the kind `wait` it waits while a file HOLD lies beside the model, its heart beating.
        """
        whole = self.fault.with_suffix(".new")
        whole.write_text(f"{kind}:scene:{model}")
        whole.replace(self.fault)

    def let_go(self) -> None:
        """Children that start from here on do not; the one that sleeps sleeps on."""
        self.fault.unlink(missing_ok=True)


def in_a_container(held: Held) -> list[str]:
    """Options of podman and docker for a worker that renders with this Blender."""
    settings = {"RENDER_WORKER_BLENDER": f"/held/{held.program.name}", **PATIENT_SETTINGS}
    variables = [f"--env={name}={value}" for name, value in settings.items()]
    return [f"--volume={held.folder}:/held:ro", *variables]


def in_blender(scratch: Path) -> set[str]:
    """The uids that workers with this scratch folder are rendering."""
    return {raw.parent.name for raw in found(scratch, "*/objects/*/*/raw")}


def make(folder: Path) -> Held:
    """A Blender that can be held, in `folder`, which a container must see at some place."""
    held = Held(folder)
    folder.chmod(0o755)  # whoever a container runs as
    copy = Path(shutil.copy(child.__file__, folder))
    copy.chmod(0o644)
    held.program.write_text(
        "#!/bin/sh\n"
        f'python={IN_THE_IMAGE}; [ -x "$python" ] || python={sys.executable}\n'
        f'fault=$(cat "${{0%/*}}/{held.fault.name}" 2>/dev/null)\n'
        f'[ -z "$fault" ] || export {child.VARIABLE}="$fault"\n'
        'while [ "$1" != "--" ]; do shift; done; shift\n'
        # A copy beside it: an image holds nothing of the tests.
        f'exec "$python" -P "${{0%/*}}/{copy.name}" "$@"\n'
    )
    held.program.chmod(0o755)
    return held
