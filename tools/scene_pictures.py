"""Renders the pictures of docs/scenes: python -m tools.scene_pictures.

Run it by hand. It does what a run does: it reads a list, draws ranges, renders them in a Blender
child and packs zips.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from worker import presets
from worker.codecs import srgb
from worker.contract.scene_keys import BACKGROUND_MATERIAL
from worker.core.s3 import S3Options
from worker.index.reader import open_index
from worker.index.scenes import arranged
from worker.pack.pack import pack
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions

PICTURES = Path(__file__).parents[1] / "docs/scenes"
COLUMNS, EDGE, GAP, CAPTION = 8, 96, 4, 216
VARIANTS = (
    "plain", "texture", "colour", "viewpoint", "lighting", "texture-colour", "colour-viewpoint",
    "colour-lighting", "colour-viewpoint-lighting", "texture-colour-viewpoint",
    "texture-viewpoint-lighting", "all", "multi", "floor",
)  # fmt: skip
CLASSES = {
    "chess": ("pawn.glb",), "crate": ("crate.obj", "crate.mtl", "crate.png"), "gear": ("gear.stl",),
    "knot": ("knot.ply",), "monkey": ("monkey.fbx",), "mushroom": ("mushroom.gltf", "mushroom.bin"),
    "rocket": ("rocket.glb",),
}  # fmt: skip
Planes = dict[str, NDArray[Any]]
"""Channels of one sample by name, (H, W) each."""
HUES = np.array([(235, 235, 235), (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40)])


def main() -> None:
    """Render samples of each variant and write both pictures."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        made = folder / "samples"
        subprocess.run([sys.executable, "-m", "tests.sample_models", made], check=True)
        for name, files in CLASSES.items():
            (folder / "models" / name).mkdir(parents=True)
            for file in files:
                (made / file).rename(folder / "models" / name / file)
        pool = Pool(runtime.find("bpy"), PoolOptions(device="cpu"), folder / "children")
        pool.open()
        rows = {name: render(pool, folder, f"scenes-{name}", COLUMNS) for name in VARIANTS}
        pool.close(now=True)
    sheet(rows).save(PICTURES / "variants.webp", quality=82, method=6)
    truth(rows["floor"][0][0], rows["floor"][0][1]).save(PICTURES / "truth.png", optimize=True)


def render(pool: Pool, folder: Path, preset: str, count: int) -> list[tuple[Planes, NDArray[Any]]]:
    """The channels and the rows of the NPY file of the first `count` samples of a preset."""
    recipe = presets.load(
        preset, [f"scenes.samples={count}", f"views={count}", "scenes.reuse=1",
                 f"resolution={EDGE}", "samples=64"],
    )  # fmt: skip
    index = arranged(open_index(str(folder / "models"), S3Options()), recipe)
    fetcher = Fetcher(folder / "fetched", limits=FetchLimits())
    (ref,) = index.read(index.shards[0])
    scratch = folder / preset
    packed = pack(pool.render(fetcher.fetch(ref), recipe, scratch), recipe, scratch)
    with zipfile.ZipFile(packed.path) as archive:
        names = sorted(name for name in archive.namelist() if "/img/" in name)
        data = {name: archive.read(name) for name in names}
    return [
        (layers(data[name]), np.load(io.BytesIO(data[name.replace(".exr", ".npy")])))
        for name in names
        if name.endswith(".exr")
    ]


def layers(data: bytes) -> Planes:
    """The channels of an EXR by name, without the view layer."""
    with OpenEXR.File(io.BytesIO(data), separate_channels=True) as file:
        return {name.removeprefix("View Layer."): each.pixels
                for name, each in file.channels().items()}  # fmt: skip


def colour(planes: Planes) -> NDArray[np.uint8]:
    """The colour image as 8-bit sRGB, (H, W, 3)."""
    return srgb.encode(np.stack([planes[f"Combined.{letter}"] for letter in "RGB"], -1))


def sheet(rows: dict[str, list[tuple[Planes, NDArray[Any]]]]) -> Image.Image:
    """A row of samples for each variant, with its name on the left."""
    size = (CAPTION + COLUMNS * (EDGE + GAP), len(rows) * (EDGE + GAP) - GAP)
    page = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for row, (name, samples) in enumerate(rows.items()):
        top = row * (EDGE + GAP)
        words = f"scenes-{name}".replace("-", "- ", 1).split("- ")
        draw.text((0, top + EDGE // 2), "-".join(words), "black", font, anchor="lm")
        for column, (planes, _) in enumerate(samples):
            page.paste(Image.fromarray(colour(planes)), (CAPTION + column * (EDGE + GAP), top))
    return page


def truth(planes: Planes, rows: NDArray[Any]) -> Image.Image:
    """Four images side by side: colour, instances, classes, depth."""
    numbers = planes["IndexOB.X"].astype(int)
    classes = planes["IndexMA.X"].astype(int)
    depth = np.clip(planes["Depth.Z"] / 2.55, 0, 1)
    parts = [
        colour(planes),
        HUES[numbers].astype(np.uint8),
        HUES[np.where(classes == BACKGROUND_MATERIAL, 0, 1 + classes % 4)].astype(np.uint8),
        np.repeat((depth * 255).astype(np.uint8)[..., None], 3, -1),
    ]
    if len(rows) != numbers.max():
        raise ValueError(f"{numbers.max()} instances are visible, but {len(rows)} are labelled")
    gap = np.full((EDGE, GAP, 3), 255, np.uint8)
    wide = [each for part in parts for each in (part, gap)][:-1]
    return Image.fromarray(np.concatenate(wide, axis=1)).resize(
        (2 * (4 * EDGE + 3 * GAP), 2 * EDGE), Image.Resampling.NEAREST
    )


if __name__ == "__main__":
    main()
