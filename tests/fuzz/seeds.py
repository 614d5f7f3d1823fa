"""The models that are mutated: the project's own samples, and a cube in the other formats."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.command_line import ROOT
from tests.patience import HANG_S

HARD = (
    "text.blend", "curve.blend", "armature.fbx", "shape_keys.fbx", "shape_keys.glb", "moving.fbx",
    "vertex_colours.glb", "vertex_colours.blend", "missing_texture.obj", "instances.blend",
)  # fmt: skip
"""Of the samples that are hard, those with a part of their format that the others lack."""
MAKE_FORMATS = ROOT / "tests/integration/blender/make_formats.py"

BY_HAND = {
    "cube.off": "OFF\n8 6 12\n-1 -1 -1\n1 -1 -1\n1 1 -1\n-1 1 -1\n-1 -1 1\n1 -1 1\n1 1 1\n-1 1 1\n"
    "4 3 2 1 0\n4 4 5 6 7\n4 0 1 5 4 255 0 0\n4 1 2 6 5\n4 2 3 7 6 0 255 0\n4 3 0 4 7\n",
    "text.stl": "solid a\n"
    + "".join(
        f"facet normal 0 0 0\nouter loop\nvertex {a}\nvertex {b}\nvertex {c}\nendloop\nendfacet\n"
        for a, b, c in (
            ("0 0 0", "1 0 0", "0 1 0"),
            ("0 0 0", "0 0 1", "1 0 0"),
            ("0 0 0", "0 1 0", "0 0 1"),
            ("1 0 0", "0 0 1", "0 1 0"),
        )
    )
    + "endsolid a\n",
    "text.ply": "ply\nformat ascii 1.0\ncomment by hand\nelement vertex 4\nproperty float x\n"
    "property float y\nproperty float z\nproperty uchar red\nproperty uchar green\n"
    "property uchar blue\nelement face 4\nproperty list uchar int vertex_indices\nend_header\n"
    "0 0 0 255 0 0\n1 0 0 0 255 0\n0 1 0 0 0 255\n0 0 1 9 9 9\n"
    "3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n",
    "points.ply": "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
    "property float z\nend_header\n0 0 0\n1 0 0\n0 1 0\n",
}


@dataclass(frozen=True)
class Model:
    """A model with the files it needs, as they will lie in a folder of its own.

    `links` are symbolic links: name to where each leads.
    """

    name: str
    files: dict[str, bytes]
    links: dict[str, str] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """Lower-case, without the dot."""
        return PurePosixPath(self.name).suffix[1:].lower()

    def write(self, folder: Path) -> Path:
        """Lay it out in `folder`; returns the model's path."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name, target in self.links.items():
            (folder / name).symlink_to(target)
        return folder / self.name


def make(folder: Path) -> tuple[Model, ...]:
    """Every seed, made in `folder` by the bpy wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    for command in (
        ["-m", "tests.sample_models", str(folder)],
        ["-m", "tests.sample_models", "--family", "hard", str(folder), *HARD],
        [str(MAKE_FORMATS), str(folder)],
    ):
        subprocess.run(
            [sys.executable, *command], check=True, capture_output=True, cwd=ROOT, timeout=HANG_S
        )
    seeds = [*_made(folder), *(Model(n, {n: text.encode()}) for n, text in BY_HAND.items())]
    return (*seeds, *_zipped(seeds))


def _made(folder: Path) -> Iterable[Model]:
    for path in sorted(folder.iterdir()):
        if path.suffix in {".mtl", ".bin", ".png"}:
            continue
        mine = sorted(folder.glob(f"{path.stem}.*")) if path.suffix in {".obj", ".gltf"} else [path]
        others = {".obj": {".mtl", ".png"}, ".gltf": {".bin", ".png"}}.get(path.suffix, set())
        files = {p.name: p.read_bytes() for p in mine if p == path or p.suffix in others}
        yield Model(path.name, files)


def _zipped(seeds: Iterable[Model]) -> Iterable[Model]:
    """What comes in several files, in a zip; and a format of one file."""
    for seed in seeds:
        if len(seed.files) > 1 or seed.suffix == "off":
            name = f"{seed.name}.zip"
            yield Model(name, {name: packed(seed.files)})


def packed(files: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of them, the same each time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return made.getvalue()
