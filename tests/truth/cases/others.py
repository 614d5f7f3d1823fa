"""Git LFS pointers in every format, and archives."""

from __future__ import annotations

import io
import zipfile

from tests.truth import cube, texts
from tests.truth.cases.case import POINTER, Case, Files


def _zipped(files: Files) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


SKETCHFAB: Files = {
    "source/model.obj": texts.obj(),
    "source/model.mtl": texts.mtl("map_Kd C:\\x\\zip0.png"),
    "textures/zip0.png": cube.picture(),
    "__MACOSX/._model.obj": b"\0\5\x16\7",
    ".DS_Store": b"\0",
}
SCANNED: Files = {
    "thing/meshes/model.obj": texts.obj(),
    "thing/meshes/model.mtl": texts.mtl("map_Kd texture.png"),
    "thing/materials/textures/texture.png": cube.picture(),
}
OTHERS = (
    *(
        Case(
            f"lfs-{suffix}",
            {f"model.{suffix}": POINTER},
            model=f"model.{suffix}",
            outcome="import",
            says="Git LFS pointer",
        )
        for suffix in (
            "glb",
            "gltf",
            "obj",
            "fbx",
            "stl",
            "ply",
            "dae",
            "usda",
            "usdc",
            "blend",
            "abc",
        )
    ),
    Case(
        "lfs-zip",
        {"thing.zip": _zipped({"model.glb": POINTER})},
        model="thing.zip",
        outcome="import",
        says="Git LFS pointer",
    ),
    Case(
        "zip-sketchfab",
        {"thing.zip": _zipped(SKETCHFAB)},
        model="thing.zip",
        found=("textures/zip0.png",),
    ),
    Case(
        "zip-scanned",
        {"thing.zip": _zipped(SCANNED)},
        model="thing.zip",
        found=("thing/materials/textures/texture.png",),
    ),
)
