"""Run inside Blender, as blends.py: cases in binary USD, crates and packages.

A Blender without USD writes text instead, which it refuses as it would refuse the crate.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.truth import cube, texts
from worker.blender.importing.usd_modules import usd_modules

BIND = "rel material:binding = </root/mat>"


def _layer(folder: Path, said: str, name: str = "model") -> Path:
    """The coloured cube as a crate that says its picture is `said`."""
    prims = texts.usd_material(said), texts.usd_cube(extra=BIND)
    return crate(folder, texts.usda(*prims), name)


def crate(folder: Path, text: str, name: str = "model") -> Path:
    """`text` as a crate."""
    written, made = folder / f"{name}.usda", folder / f"{name}.usdc"
    written.write_text(text)
    usd = usd_modules()
    if usd is None:
        written.rename(made)
    else:
        assert usd.sdf.Layer.FindOrOpen(str(written)).Export(str(made))
        written.unlink()
    return made


def pictured(said: str, *places: str) -> Callable[[Path], None]:
    """A crate that says its picture is `said`, and pictures at `places`."""

    def make(folder: Path) -> None:
        _layer(folder, said)
        _put(folder, places)

    return make


def layered(folder: Path) -> None:
    """A crate whose sublayer is spelled in another case, and whose picture is the author's."""
    crate(folder, texts.usda().replace("(\n", "(\n    subLayers = [@.\\Parts\\Part.usdc@]\n", 1))
    (folder / "parts").mkdir()
    _layer(folder / "parts", "/home/me/crate6.png", "part")
    _put(folder, ["maps/crate6.png"])


def packaged(said: str, *places: str) -> Callable[[Path], None]:
    """A package of such a crate and pictures."""

    def make(folder: Path) -> None:
        _layer(folder, said, "inside")
        _put(folder, places)
        with zipfile.ZipFile(folder / "model.usdz", "w") as package:
            for name in ("inside.usdc", *places):
                package.write(folder / name, name)
                (folder / name).unlink()

    return make


def _put(folder: Path, places: tuple[str, ...] | list[str]) -> None:
    for place in places:
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(cube.picture())


CRATES: dict[str, Callable[[Path], None]] = {
    "usdc-plain": pictured("./maps/crate0.png", "maps/crate0.png"),
    "usdc-backslash": pictured("maps\\crate1.png", "maps/crate1.png"),
    "usdc-escaped": pictured("my%20crate2.png", "my crate2.png"),
    "usdc-case": pictured("./Maps/Crate3.PNG", "maps/crate3.png"),
    "usdc-windows": pictured("C:\\art\\me\\crate4.png", "textures/crate4.png"),
    "usdc-posix": pictured("/home/me/crate5.png", "crate5.png"),
    "usdc-layer": layered,
    "usdc-gone": pictured("maps/crate7.png"),
    "usdc-two": pictured("/home/me/crate8.png", "a/crate8.png", "b/crate8.png"),
    "usdc-out": pictured("../../outside.png"),
    "usdz-plain": packaged("maps/zip0.png", "maps/zip0.png"),
    "usdz-windows": packaged("C:\\art\\zip1.png", "maps/zip1.png"),
    "usdz-case": packaged("Maps/Zip2.png", "maps/zip2.png"),
    "usdz-gone": packaged("maps/zip3.png"),
}
