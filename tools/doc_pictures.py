"""Renders the pictures of docs/images.md: python -m tools.doc_pictures MODEL.

Run it by hand. It renders the model in a Blender child, packs a zip, and reads the zip as the page
explains.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray
from PIL import Image

from worker import presets
from worker.codecs import srgb
from worker.contract.recipe import IMAGES, Recipe
from worker.index.record import ObjectRef
from worker.pack.pack import pack
from worker.sources.base import FetchedObject
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions

PICTURES = Path(__file__).parents[1] / "docs/images"
KINDS = [kind for kind in IMAGES if kind != "depth-f16"]
SETTINGS = [
    f"images={KINDS}", "views=1", "resolution=240", "samples=256", "camera.layout=fixed",
    "camera.fixed=[[1.2,-1.5,0.7]]", "camera.distance=fit", "camera.fov=30",
    "depth.mode=per-view",
]  # fmt: skip
FILM = ["views=24", "resolution=160", "samples=64", "preview.width=160"]
HUES = np.array([
    (31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189),
    (140, 86, 75), (227, 119, 194), (127, 127, 127), (188, 189, 34), (23, 190, 207),
])  # fmt: skip


def main(model: Path) -> None:
    """Render the stills and the turntable of a model and write all pictures."""
    with tempfile.TemporaryDirectory() as home:
        pool = Pool(runtime.find("bpy"), PoolOptions(device="cpu"), Path(home, "children"))
        pool.open()
        stills = render(pool, model, presets.load("default", SETTINGS), Path(home, "stills"))
        film = render(pool, model, presets.load("turntable", FILM), Path(home, "film"))
        pool.close(now=True)
    PICTURES.mkdir(exist_ok=True)
    for name, picture in pictures(stills).items():
        Image.fromarray(picture).save(PICTURES / f"{name}.png", optimize=True)
    (PICTURES / "turntable.webp").write_bytes(film["turntable.webp"])


def render(pool: Pool, model: Path, recipe: Recipe, home: Path) -> dict[str, bytes]:
    """Render a model, with `home` as a new scratch folder; returns the zip's members by name."""
    home.mkdir()
    fetched = FetchedObject(
        ref=ObjectRef(file_identifier=model.name),
        root=model.parent,
        model=model.name,
        sha256="0" * 64,
        size=model.stat().st_size,
    )
    packed = pack(pool.render(fetched, recipe, home), recipe, home)
    with zipfile.ZipFile(packed.path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def pictures(members: dict[str, bytes]) -> dict[str, NDArray[np.uint8]]:
    """A viewable 8-bit image of each kind; data such as depth are mapped to colours.

    Raises: ValueError, if the zip has several views.
    """

    def stored(name: str) -> NDArray[Any]:
        return np.asarray(Image.open(io.BytesIO(members[name])))

    if len(json.loads(members["cameras.json"])["views"]) != 1:
        raise ValueError("the zip must have exactly one view")
    seen = stored("000_mask.png") > 0
    depth = stored("000_depth.png")
    exr = OpenEXR.File(io.BytesIO(members["000_position.exr"]), separate_channels=True).channels()
    position = np.stack([exr[axis].pixels for axis in "XYZ"], -1)
    light = OpenEXR.File(io.BytesIO(members["000.exr"]), separate_channels=True).channels()
    linear = np.stack([light[letter].pixels for letter in "RGBA"], -1).astype(np.float32)
    darker = srgb.encode(linear[..., :3] / np.maximum(linear[..., 3:], 1e-6) / 16)
    return {
        "colour": stored("000.png"),
        "colour-exr": np.dstack([darker, stored("000.png")[..., 3]]),
        "depth": (depth >> 8).astype(np.uint8),
        "normal": stored("000_normal.png"),
        "albedo": stored("000_albedo.png"),
        "alpha": (stored("000_MatAlpha.png") >> 8).astype(np.uint8),
        "metallic": stored("000_metallic.png"),
        "roughness": stored("000_roughness.png"),
        "mask": stored("000_mask.png"),
        "index-object": coloured(stored("000_object.png")),
        "index-material": coloured(stored("000_material.png")),
        "position": np.where(seen[..., None], np.clip(position + 0.5, 0, 1) * 255, 0).astype(
            np.uint8
        ),
    }


def coloured(numbers: NDArray[Any]) -> NDArray[np.uint8]:
    """An index image, (H, W), with a hue for each number, as (H, W, 3); 0 is black."""
    hues = HUES[(numbers.astype(int) - 1) % len(HUES)]
    return np.where(numbers[..., None] > 0, hues, 0).astype(np.uint8)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
