"""Renders the picture of docs/reading.md: python -m tools.reading_picture MODEL.

Run it by hand. It renders twelve views, reads them with `render_worker`, and shows the points of
all of them from cameras that rendered nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from render_worker import open_output

PICTURE = Path(__file__).parents[1] / "docs/images/reading.png"
SETTINGS = (
    "views=12", "resolution=192", "samples=32", 'images=["colour","depth-npy","mask"]',
)  # fmt: skip
SIZE = 240
TURNS = (20, 110, 200)
"""Where the cameras of the picture are, in degrees around Z."""


def main(model: Path) -> None:
    """Render a model, read the output and write the picture."""
    with tempfile.TemporaryDirectory() as home:
        sets = [word for setting in SETTINGS for word in ("--set", setting)]
        models, output = Path(home, "models"), Path(home, "out")
        models.mkdir()
        shutil.copy(model, models)
        command = [sys.executable, "-m", "worker", "run", str(models), "--output", str(output)]
        subprocess.run([*command, "--device", "cpu", *sets], check=True)
        views = open_output(output)[0].views
        points = np.concatenate([view.unproject()[view.mask] for view in views])
        colours = np.concatenate([view.colour[view.mask] for view in views])
    shown = [seen(points, colours[:, :3], np.radians(turn)) for turn in TURNS]
    Image.fromarray(np.concatenate(shown, axis=1)).save(PICTURE, optimize=True)


def seen(points: NDArray[Any], colours: NDArray[Any], turn: float) -> NDArray[np.uint8]:
    """The points in orthographic projection from the horizon, the nearest in front, on white."""
    right = np.array([-np.sin(turn), np.cos(turn), 0])
    toward = np.array([np.cos(turn), np.sin(turn), 0])
    column = np.round((points @ right * 0.9 + 0.5) * SIZE).astype(int)
    row = np.round((0.5 - points[:, 2] * 0.9) * SIZE).astype(int)
    picture = np.full((SIZE, SIZE, 3), 255, np.uint8)
    order = np.argsort(points @ toward)
    picture[row[order].clip(0, SIZE - 1), column[order].clip(0, SIZE - 1)] = np.round(
        colours[order] * 255
    )
    return picture


if __name__ == "__main__":
    main(Path(sys.argv[1]))
