"""Variants of text files, and of PLY and STL colours, that writers in the wild produce."""

from __future__ import annotations

import struct

import numpy as np

from tests.truth import cube, gltf, texts
from tests.truth.cases.case import GREY, THREE, Case, Files
from tests.truth.cases.layers import instancer, scaled
from tests.truth.cases.others import POINTER
from tests.truth.cases.points import BYTES, FACE_COLOURS, WEDGES

RGB = ("red", "green", "blue")


def _missing(name: str, *lines: str) -> Case:
    """An OBJ with its picture, and one more map, which is missing."""
    files: Files = {
        "model.obj": texts.obj(),
        "model.mtl": texts.mtl(f"map_Kd {name}.png", *lines),
        f"{name}.png": cube.picture(),
    }
    gone = tuple(line.split()[-1] for line in lines)
    return Case(f"variant-{name}", files, missing=gone)


def _colours_to_255() -> str:
    rows = [line.split() for line in texts.obj("", colours=True).splitlines()]
    for words in rows:
        if words[:1] == ["v"]:
            words[4:] = [str(round(float(word) * 255)) for word in words[4:]]
    return "\n".join([*map(" ".join, rows), ""])


def _grey(value: int) -> bytes:
    return cube.png(np.full((64, 64, 3), value, np.uint8))


def _mapped(name: str, line: str, value: int, **keys: object) -> Case:
    """An OBJ with its picture, and a grey one for another map."""
    files: Files = {
        "model.obj": texts.obj(),
        "model.mtl": texts.mtl(f"map_Kd {name}.png", line),
        f"{name}.png": cube.picture(),
        "grey.png": _grey(value),
    }
    return Case(f"variant-{name}", files, **keys)  # type: ignore[arg-type]


OBJ_VARIANTS = (
    Case(
        "variant-two-libraries",
        {
            "model.obj": texts.obj("mtllib a.mtl b.mtl"),
            "a.mtl": texts.mtl(name="other"),
            "b.mtl": texts.mtl("map_Kd two.png"),
            "two.png": cube.picture(),
        },
    ),
    Case(
        "variant-library-quoted",
        {
            "model.obj": texts.obj('mtllib "my model.mtl"'),
            "my model.mtl": texts.mtl("map_Kd quoted.png"),
            "quoted.png": cube.picture(),
        },
    ),
    Case(
        "variant-library-unnamed",
        {
            "model.obj": texts.obj(""),
            "model.mtl": "\ufeff" + texts.mtl("map_Kd unnamed.png"),
            "unnamed.png": cube.picture(),
        },
    ),
    Case(
        "variant-old-mac",
        {
            "model.obj": texts.obj().replace("\n", "\r"),
            "model.mtl": texts.mtl("map_Kd mac.png").replace("\n", "\r"),
            "mac.png": cube.picture(),
        },
    ),
    Case(
        "variant-lower-case",
        {
            "model.obj": texts.obj(),
            "model.mtl": "newmtl m\nkd 1 1 1\nmap_kd lower.png\n",
            "lower.png": cube.picture(),
        },
    ),
    Case(
        "variant-code-page",
        {
            "model.obj": texts.obj(),
            "model.mtl": texts.mtl("map_Kd Größe.png").encode("cp1252"),
            "Größe.png": cube.picture(),
        },
        found=("Größe.png",),
    ),
    Case(
        "variant-accents-apart",
        {
            "model.obj": texts.obj(),
            "model.mtl": texts.mtl("map_Kd caf\u00e9.png"),
            "cafe\u0301.png": cube.picture(),
        },
        found=("cafe\u0301.png",),
    ),
    Case(
        "variant-lfs-library",
        {"model.obj": texts.obj(), "model.mtl": POINTER},
        sides=GREY,
        undecodable=("model.mtl",),
    ),
    Case("variant-colours-255", {"model.obj": _colours_to_255()}),
    _mapped("height-map", "map_Bump grey.png", 90),
    _mapped("height-map-strong", "bump -bm 3 grey.png", 200),
    _mapped("mask-white", "map_d grey.png", 255),
    _mapped("mask-black", "map_d grey.png", 0, outcome="empty"),
    _missing("gone-bump", "map_Bump -bm 0.5 gone_bump.png"),
    _missing("gone-metal", "map_Pr gone_rough.png", "map_Pm gone_metal.png"),
)


def _gltf(name: str, made: gltf.Gltf, **keys: object) -> Case:
    return Case(f"variant-{name}", {"model.glb": made.glb()}, model="model.glb", **keys)  # type: ignore[arg-type]


def _invisible() -> gltf.Gltf:
    """Nodes that an extension hides; what hangs below one is hidden too."""
    made = gltf.one_cube()
    far = made.primitive(cube.points(4.0, (30.0, 0.0, 0.0)))
    made.add(far, extensions={"KHR_node_visibility": {"visible": False}})
    made.add(far)
    nodes = made.document["nodes"]
    made.document["scenes"][0]["nodes"].remove(len(nodes) - 1)
    nodes[1]["children"] = [len(nodes) - 1]
    made.document["extensionsUsed"] = ["KHR_node_visibility"]
    return made


BUFFERED = gltf.one_cube("buffered.png")
GLTF_VARIANTS = (
    _gltf("node-visibility", _invisible()),
    Case(
        "variant-gltf-bom",
        {"model.gltf": "\ufeff" + gltf.one_cube().gltf()},
        model="model.gltf",
    ),
    Case(
        "variant-glb-bytes-after",
        {"model.glb": gltf.one_cube().glb() + b"\0" * 13},
        model="model.glb",
    ),
    Case(
        "variant-lfs-buffer",
        {
            "model.gltf": BUFFERED.gltf("model.bin"),
            "model.bin": POINTER,
            "buffered.png": cube.picture(),
        },
        model="model.gltf",
        outcome="import",
        says="Git LFS pointer",
    ),
)
LAYER_VARIANTS = (
    Case(
        "variant-dae-blank",
        {"model.dae": texts.dae("my skin.png"), "my skin.png": cube.picture()},
        model="model.dae",
    ),
    Case(
        "variant-dae-html",
        {"model.dae": "<html><body>404</body></html>"},
        model="model.dae",
        outcome="import",
        says="not a Collada document",
    ),
    Case(
        "variant-usda-bom",
        {"model.usda": "\ufeff" + texts.usda(texts.usd_cube())},
        model="model.usda",
    ),
)


def _unused_alpha() -> bytes:
    """The picture of all sides, with an alpha channel of zeros."""
    cells = [(*map(int, colour), 0) for colour in FACE_COLOURS]
    grid = np.array(cells, np.uint8).reshape(cube.ROWS, cube.COLUMNS, 4)[::-1]
    return cube.png(grid.repeat(cube.CELL, axis=0).repeat(cube.CELL, axis=1))


def _off(text: str) -> Case:
    """An OFF with colours by face."""
    name = {"\r": "old-mac", "\ufeff": "bom", "#": "comments"}[text]
    rows = ["OFF", "24 6 0", *(" ".join(map(str, point)) for point in cube.POINTS)]
    for quad, colour in zip(cube.QUADS.tolist(), FACE_COLOURS, strict=True):
        rows.append(" ".join(map(str, [4, *quad, *colour])))
    made = "\n".join([*rows, ""])
    written = made.replace("\n", text) if text == "\r" else f"{text}\n{made}"
    return Case(
        f"variant-off-{name}",
        {"model.off": f"\ufeff{made}" if text == "\ufeff" else written},
        model="model.off",
    )


RGB_ZERO = (
    "<transparent opaque='RGB_ZERO'><color>0 0 0 1</color></transparent>"
    "<transparency><float>1</float></transparency>"
)
ALPHA_VARIANTS = (
    Case(
        "variant-alpha-obj",
        {
            "model.obj": texts.obj(),
            "model.mtl": texts.mtl("map_Kd a.png"),
            "a.png": _unused_alpha(),
        },
    ),
    Case(
        "variant-alpha-dae",
        {"model.dae": texts.dae("a.png"), "a.png": _unused_alpha()},
        model="model.dae",
    ),
    Case(
        "variant-rgb-zero",
        {"model.dae": texts.dae("z.png", transparency=RGB_ZERO), "z.png": cube.picture()},
        model="model.dae",
    ),
    *map(_off, ("\r", "\ufeff", "#")),
)
INSTANCER = instancer().replace("/root/pi", "/root/small/pi")
USD_VARIANTS = (
    Case(
        "variant-usd-instancer-away",
        {
            "model.usda": texts.usda(
                instancer().replace(
                    "(0, 0, 0), (2, 0, 0), (4, 0, 0)", "(50, 0, 0), (52, 0, 0), (54, 0, 0)"
                )
            )
        },
        model="model.usda",
        spans=THREE,
    ),
    Case(
        "variant-usd-instancer-tiny",
        {"model.usda": texts.usda(scaled("small", 1e-5, INSTANCER))},
        model="model.usda",
        spans=THREE,
    ),
)


def _ply(name: str, data: bytes, **files: bytes) -> Case:
    pictures = {f"{each}.png": data for each, data in files.items()}
    return Case(f"variant-ply-{name}", {"model.ply": data, **pictures}, model="model.ply")


def _typed(kind: str, code: str, values: np.ndarray) -> bytes:  # type: ignore[type-arg]
    """A binary PLY whose vertices have colours of one type."""
    head = ["ply", "format binary_little_endian 1.0", "element vertex 24"]
    head += [f"property float {axis}" for axis in "xyz"]
    head += [f"property {kind} {name}" for name in RGB]
    head += ["element face 6", "property list uchar int vertex_indices", "end_header", ""]
    data = b"".join(
        struct.pack(f"<3f3{code}", *point, *colour)
        for point, colour in zip(cube.POINTS, values, strict=True)
    )
    data += b"".join(struct.pack("<B4i", 4, *quad) for quad in cube.QUADS)
    return "\n".join(head).encode() + data


def _half(odd: int) -> bytes:
    """The picture of every other side; the others are black."""
    cells = [colour if at % 2 == odd else (0, 0, 0) for at, colour in enumerate(FACE_COLOURS)]
    grid = np.array(cells, np.uint8).reshape(cube.ROWS, cube.COLUMNS, 3)[::-1]
    return cube.png(grid.repeat(cube.CELL, axis=0).repeat(cube.CELL, axis=1))


NAMED = [f"uchar {name}" for name in RGB]
COLOURED_PLY = texts.ply(vertex=NAMED, vertex_values=BYTES)
PLY_VARIANTS = (
    _ply("integers", _typed("int", "i", cube.COLOURS.astype(int))),
    _ply("doubles", _typed("double", "d", cube.COLOURS / 255)),
    _ply("shorts", _typed("ushort", "H", cube.COLOURS.astype(int) * 257)),
    _ply("floats-255", _typed("float", "f", BYTES)),
    _ply(
        "capitals",
        texts.ply(vertex=[f"uchar {name.title()}" for name in RGB], vertex_values=BYTES),
    ),
    _ply(
        "ambient",
        texts.ply(vertex=[f"uchar ambient_{name}" for name in RGB], vertex_values=BYTES),
    ),
    _ply("bom", b"\xef\xbb\xbf" + COLOURED_PLY),
    _ply("old-mac", COLOURED_PLY.replace(b"\n", b"\r")),
    _ply(
        "texture-lower-case",
        texts.ply(
            header=["comment texturefile low.png"],
            vertex=["float s", "float t"],
            vertex_values=cube.UVS,
        ),
        low=cube.picture(),
    ),
    _ply(
        "two-textures",
        texts.ply(
            header=["comment TextureFile even.png", "comment TextureFile odd.png"],
            face=["list uchar float texcoord", "int texnumber"],
            face_values=[[*wedge, at % 2] for at, wedge in enumerate(WEDGES)],
        ),
        even=_half(0),
        odd=_half(1),
    ),
)


def _stl(name: str, data: bytes, sides: object) -> Case:
    return Case(f"variant-stl-{name}", {"model.stl": data}, model="model.stl", sides=sides)


def _text_stl() -> str:
    facets = []
    for corners in cube.TRIANGLES:
        vertices = "".join("vertex {:g} {:g} {:g}\n".format(*cube.POINTS[at]) for at in corners)
        facets.append(f"facet normal 0 0 0\nouter loop\n{vertices}endloop\nendfacet\n")
    return f"solid x\n{''.join(facets)}endsolid x\n"


VISCAM = texts.stl(texts.facet_colours(red_low=False, mark=1))
SLIVER = struct.pack("<12fH", 0, 0, 1, *[0] * 9, 0xFFFF)
STL_VARIANTS = (
    _stl("part-colour", texts.stl([0x8000] * 12, b"COLOR=\x28\xb4\x28\xff"), (40, 180, 40)),
    _stl("part-white", texts.stl([0xFFFF] * 12, b"COLOR=\xdc\x28\x28\xff"), (220, 40, 40)),
    _stl("repeated", VISCAM[:80] + struct.pack("<I", 24) + 2 * VISCAM[84:], "all"),
    _stl("no-area", VISCAM[:80] + struct.pack("<I", 13) + SLIVER + VISCAM[84:], "all"),
    _stl("bytes-after", texts.stl([0] * 12) + b"xyz", GREY),
    _stl("capitals", _text_stl().upper().encode(), GREY),
    _stl("old-mac", _text_stl().replace("\n", "\r").encode(), GREY),
    _stl("bom", b"\xef\xbb\xbf" + _text_stl().encode(), GREY),
    Case(
        "variant-stl-utf-16",
        {"model.stl": _text_stl().encode("utf-16")},
        model="model.stl",
        outcome="import",
        says="UTF-16",
    ),
)
VARIANTS = (
    *OBJ_VARIANTS,
    *GLTF_VARIANTS,
    *LAYER_VARIANTS,
    *USD_VARIANTS,
    *PLY_VARIANTS,
    *STL_VARIANTS,
    *ALPHA_VARIANTS,
)
