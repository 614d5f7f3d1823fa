"""A list of objects that fail in every step, or that lack files."""

import json
import os
import random
import zipfile
from pathlib import Path

from worker.core import formats

CORNER = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
GLTF = {
    "asset": {"version": "2.0"},
    "buffers": [{"uri": "BUFFER", "byteLength": 36}],
    "bufferViews": [{"buffer": 0, "byteLength": 36}],
    "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"}],
    "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
    "nodes": [{"mesh": 0}],
    "scenes": [{"nodes": [0]}],
    "scene": 0,
}
BEGUN = {
    "blend": b"BLENDER-v405",
    "fbx": b"Kaydara FBX Binary  \0\x1a\0\xe8\x1c\0\0",
    "glb": b"glTF\2\0\0\0\x40\0\0\0\x20\0\0\0JSON",
    "ply": b"ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nend_header\nx\n",
    "usda": b'#usda 1.0\ndef "x" ( references = @./layer.usda@ ) {',
    "usdc": b"PXR-USDC\0\10\0\0\0\0\0\0",
    "usdz": b"PK\3\4",
    "abc": b"Ogawa\xff\0\1",
    "dae": b"<?xml version='1.0'?><COLLADA>",
    "stl": b"solid x\nfacet normal",
    "gltf": b'{"asset": {"version": "2.0"}, "meshes": 7}',
}
"""How a file of the format begins, or one that is invalid further in."""


class FailingObjects:
    """The list `list` of objects in `folder`; files outside lie beside the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outside = folder.parent
        self.noise = random.Random(1)
        self.records = []
        self._garbage()
        self._archives()
        self._local()
        self._referring()
        self.list = folder / "list.json"
        self.list.write_text(json.dumps(self.records))

    def _add(self, name, body=None, **fields):
        if body is not None:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body if isinstance(body, bytes) else body.encode())
        self.records.append({"fileIdentifier": f"the {name}", "path": name, **fields})

    def _garbage(self):
        for suffix in sorted(formats.MODEL_SUFFIXES):
            begun = BEGUN.get(suffix, b"OFF\n")
            self._add(f"garbage/noise.{suffix}", self.noise.randbytes(3000))
            self._add(f"garbage/empty.{suffix}", b"")
            self._add(f"garbage/begun.{suffix}", begun + self.noise.randbytes(500))
            self._add(f"garbage/text.{suffix}", "neither here nor there\n" * 50)

    def _archives(self):
        for suffix in ("zip", "tar", "tar.gz"):
            self._add(f"archives/noise.{suffix}", self.noise.randbytes(3000))
            self._add(f"archives/empty.{suffix}", b"")
            self._add(f"archives/nowhere.{suffix}!/x.glb")
        with zipfile.ZipFile(self.folder / "archives/some.zip", "w") as packed:
            packed.writestr("x.obj", "# nothing")
            packed.writestr("y.usda", "#usda 1.0\n(subLayers = [@./nowhere.usda@])\n")
        for member in ("x.obj", "y.usda", "z.obj"):
            self._add(f"archives/some.zip!/{member}")

    def _local(self):
        local = self.folder / "local"
        self._add("local/other.obj", "# other\n", sha256="0" * 64)
        self._add("local/x.txt", "text")
        self._add("local/file.obj", "# nothing\n", path=(local / "file.obj").as_uri())
        (local / "folder.glb").mkdir()
        os.mkfifo(local / "pipe.obj")
        (self.outside / "outside.obj").write_text(CORNER)
        (local / "link.obj").symlink_to(self.outside / "outside.obj")
        (local / "loop.obj").symlink_to(local / "loop.obj")
        (local / "broken.obj").symlink_to(self.outside / "home/nowhere.obj")
        for name in (
            "nowhere.glb", "nowhere/deeper/x.glb", "other.obj/x.glb", f"{'long' * 200}.glb",
            "folder.glb", "pipe.obj", "link.obj", "loop.obj", "broken.obj",
        ):  # fmt: skip
            self._add(f"local/{name}")

    def _referring(self):
        """Models that name files which do not exist, cannot be decoded or lie outside."""
        here, home = self.folder / "names", self.outside / "home"
        buffers = {
            "missing": "nowhere.bin", "outside": "../../outside.obj", "absolute": here / "x.bin",
            "home": home / "x.bin",
        }  # fmt: skip
        for name, uri in buffers.items():
            self._add(f"names/{name}.gltf", json.dumps(GLTF).replace("BUFFER", str(uri)))
        self._add("names/image.obj", f"mtllib image.mtl\nusemtl m\n{CORNER}")
        (here / "image.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
        (here / "image.mtl").write_text(
            # A zip repeats what the model itself says, so nothing of this machine is in it.
            "newmtl m\nmap_Kd image.png\nmap_Ks nowhere.png\nmap_Ke /home/author/wood.png\n"
            "map_Bump C:\\author\\wood.png\nmap_Ns ../../outside.png\n"
        )
        (self.outside / "outside.mtl").write_text("newmtl m\n")
        self._add("names/outside.obj", f"mtllib ../../outside.mtl\n{CORNER}")
        layers = ("./nowhere.usda", "../../outside.obj", here / "x.usda", home / "x.usda")
        for number, layer in enumerate(layers):
            self._add(f"names/{number}.usda", f"#usda 1.0\n(subLayers = [@{layer}@])\n")
            self._add(f"names/r{number}.usda", f'#usda 1.0\ndef "x" (references = @{layer}@) {{}}')
