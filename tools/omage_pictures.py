"""Renders docs/images/omage.png: python -m tools.omage_pictures MODEL… (best with three).

Run it by hand. Each row shows a model, the meshes of its object image at 1024 and 64 pixels, and
the image's positions, normals and albedo. Model and meshes are rendered in the same way.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tools.doc_pictures import PICTURES, render
from worker import presets
from worker.omage import glb, npz_files
from worker.omage.mesh import mesh_of
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions

SIDE, GAP, HEAD = 180, 8, 30
VIEW = [
    "views=1", f"resolution={SIDE}", "samples=64", "camera.layout=fixed",
    "camera.fixed=[[1.0,-1.5,0.8]]", "camera.distance=fit", "camera.fov=30",
]  # fmt: skip
SHOWN = ("position", "normal", "albedo")
TITLES = ("original", "mesh of 1024", "mesh of 64", *SHOWN)
FLIP = Image.Transpose.FLIP_TOP_BOTTOM
PAPER, INK = (255, 255, 255), (60, 63, 68)


def main(models: list[Path]) -> None:
    """Write a picture with one row per model."""
    with tempfile.TemporaryDirectory() as home:
        pool = Pool(runtime.find("bpy"), PoolOptions(device="cpu"), Path(home, "children"))
        pool.open()
        rows = [row(pool, model, Path(home, str(i))) for i, model in enumerate(models)]
        pool.close(now=True)
    sheet = Image.new(
        "RGB", (len(TITLES) * (SIDE + GAP) - GAP, HEAD + len(rows) * (SIDE + GAP)), PAPER
    )
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(TITLES):
        centre = column * (SIDE + GAP) + SIDE // 2
        draw.text((centre, HEAD // 2), title, INK, ImageFont.load_default(16), anchor="mm")
        for number, tiles in enumerate(rows):
            at = (column * (SIDE + GAP), HEAD + number * (SIDE + GAP))
            sheet.paste(tiles[column], at, tiles[column])
    PICTURES.mkdir(exist_ok=True)
    sheet.save(PICTURES / "omage.png", optimize=True)


def row(pool: Pool, model: Path, home: Path) -> list[Image.Image]:
    """The tiles of a model, in the order of TITLES."""
    home.mkdir()
    members = render(pool, model, presets.load("omage"), home / "omage")
    tiles = [seen(pool, model, home / "original")]
    for name in ("omage_tensor.npz", "omage_tensor_64.npz"):
        omage = npz_files.values(npz_files.decode(members[name]))
        made = home / name / "mesh.glb"
        made.parent.mkdir()
        made.write_bytes(glb.encode(mesh_of(omage), omage))
        tiles.append(seen(pool, made, home / f"{name}-seen"))
    for what in SHOWN:
        picture = Image.open(io.BytesIO(members[f"omage_{what}.png"])).convert("RGBA")
        # Flipped, because UV maps are usually shown with v upwards.
        tiles.append(picture.resize((SIDE, SIDE), Image.Resampling.BOX).transpose(FLIP))
    return tiles


def seen(pool: Pool, model: Path, home: Path) -> Image.Image:
    """A render of the model from the camera in VIEW."""
    members = render(pool, model, presets.load("default", VIEW), home)
    return Image.fromarray(np.asarray(Image.open(io.BytesIO(members["000.png"]))))


if __name__ == "__main__":
    main([Path(model).resolve() for model in sys.argv[1:]])
