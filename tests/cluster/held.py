"""A Blender that stands still on one object, so that a stop always finds its worker at work."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from worker.blender.mischief import VARIABLE as MISCHIEF

MODEL = "gear.stl"
IN_THE_IMAGE = "/opt/venv/bin/python"


@dataclass(frozen=True)
class Held:
    """A Blender program in a folder; it is the wheel's, but for the model it is to `hold`."""

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "blender"

    @property
    def which(self) -> Path:
        """Names the model, while there is one."""
        return self.folder / "which"

    def hold(self, model: str) -> None:
        """Every child that starts from here on sleeps for ever on a model of this name."""
        self.which.write_text(model)

    def let_go(self) -> None:
        """Children that start from here on do not; the one that sleeps sleeps on."""
        self.which.unlink(missing_ok=True)


def in_blender(scratch: Path) -> set[str]:
    """The uids that workers with this scratch folder are rendering."""
    return {raw.parent.name for raw in scratch.glob("*/objects/*/*/raw")}


def make(folder: Path) -> Held:
    """The worker hands the fault's variable to no child, so the program sets it by itself."""
    held = Held(folder)
    folder.chmod(0o755)  # whoever a container runs as
    held.program.write_text(
        "#!/bin/sh\n"
        f'python={IN_THE_IMAGE}; [ -x "$python" ] || python={sys.executable}\n'
        f'which=${{0%/*}}/{held.which.name}; [ ! -e "$which" ] || '
        f'export {MISCHIEF}="sleep:scene:$(cat "$which")"\n'
        'while [ "$1" != "--" ]; do shift; done; shift\n'
        'exec "$python" -P -m worker.blender "$@"\n'
    )
    held.program.chmod(0o755)
    return held
