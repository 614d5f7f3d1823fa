"""Renders the picture of docs/cameras.md: python -m tools.camera_pictures MODEL.

Run it by hand. Rows: six sides, Zero123++'s views, three stereo pairs, as the page sets them.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

from tools.doc_pictures import render
from worker import presets
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions

PICTURE: Final = Path(__file__).parents[1] / "docs/cameras.png"
SIDE: Final = 120
QUALITY: Final = [f"resolution={SIDE}", "samples=128", "colour.background=white"]
STEREO: Final = [
    "camera.layout=list", "camera.azimuths=[-70, -30, 10]", "camera.elevations=[20]",
    "camera.distance=fit-all", "camera.margin=0.05", "camera.baseline=0.25",
]  # fmt: skip
ROWS: Final[tuple[tuple[str, list[str]], ...]] = (
    ("sides-orthographic", []),
    ("zero123plus", []),
    ("default", STEREO),
)


def main(model: Path) -> None:
    """Render the rows and write the picture."""
    rows = []
    with tempfile.TemporaryDirectory() as home:
        pool = Pool(runtime.find("bpy"), PoolOptions(device="cpu"), Path(home, "children"))
        pool.open()
        for preset, settings in ROWS:
            recipe = presets.load(preset, [*settings, *QUALITY])
            members = render(pool, model, recipe, Path(home, preset))
            names = [f"{number:03d}.png" for number in range(recipe.views)]
            rows.append([Image.open(io.BytesIO(members[name])) for name in names])
        pool.close(now=True)
    sheet = Image.new("RGB", (SIDE * max(map(len, rows)), SIDE * len(rows)), "white")
    for top, row in enumerate(rows):
        for left, image in enumerate(row):
            sheet.paste(image, (SIDE * left, SIDE * top))
    sheet.quantize(128).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
