"""The cases: what is written for each, and what a user must get of it.

Those that only Blender can write are in blends.py; here stands what all of them must give.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tests.truth import cube, gltf, texts

UNIT = (1.0, 1.0, 1.0)
GREY = (231, 231, 231)
"""What has no colour, as 8-bit sRGB of Blender's linear 0.8."""
ALL = "all"
TWO, THREE = (1.0, 1 / 3, 1 / 3), (1.0, 0.2, 0.2)
"""Spans of two cubes at x = 0 and 2, of three at 0, 2 and 4."""
Files = Mapping[str, "str | bytes"]
RENDERED = "rendered"


@dataclasses.dataclass(frozen=True)
class Case:
    """`files`: contents by name below the case's folder; empty where Blender writes it."""

    name: str
    files: Files = dataclasses.field(default_factory=dict)
    links: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Symlinks: what each points to, relative to its folder."""
    model: str = "model.obj"
    outcome: str = RENDERED
    """Or a failure code."""
    says: str = ""
    """Words of a failure's message."""
    spans: tuple[float, float, float] = UNIT
    """Sides of the box of all that is seen."""
    sides: object = ALL
    """The cube's own colours; one colour for all sides; or None: not looked at."""
    found: tuple[str, ...] = ()
    """Files found elsewhere than they were said to be, by their path in the case's folder."""
    missing: tuple[str, ...] = ()
    """Files that are named and that are not there."""
    lost: bool = False
    """Whether colours of the file are told to be lost."""
    unlike: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Blenders whose importer shows it otherwise, and why."""
    opaque: bool = False
    """Whether its clear materials were made opaque."""


def write(case: Case, folder: Path) -> None:
    """The files of a case that needs no Blender."""
    for name, content in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for name, target in case.links.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)


# How a material library names its picture, and where the picture lies


def _obj(
    said: str, *places: str, library: str = "mtllib model.mtl", mtl: str = "model.mtl"
) -> Files:
    pictures = {place: cube.picture() for place in places}
    return {"model.obj": texts.obj(library), mtl: texts.mtl(said), **pictures}


def _texture(name: str, said: str, place: str, *more: str) -> Case:
    """An OBJ whose library says `said`, with the picture at `place`; found if that is elsewhere."""
    written = said.split(None, 1)[1].rsplit(maxsplit=1)[-1]
    elsewhere = () if written == place else (place,)
    return Case(f"obj-{name}", _obj(said, place, *more), found=elsewhere)


OBJ_NAMES = (
    _texture("plain", "map_Kd plain.png", "plain.png"),
    _texture("case", "map_Kd Tex.PNG", "tex.png"),
    _texture("case-of-folder", "map_Kd Textures/Skin.png", "textures/skin.png"),
    _texture("backslash", "map_Kd maps\\back.png", "maps/back.png"),
    _texture("dot-backslash", "map_Kd .\\maps\\dot.png", "maps/dot.png"),
    _texture("windows", "map_Kd C:\\Users\\me\\Desktop\\win.png", "win.png"),
    _texture("windows-tail", "map_Kd C:\\art\\tail\\win2.png", "tail/win2.png", "wrong/win2.png"),
    _texture("share", "map_Kd \\\\server\\art\\unc.png", "deep/er/still/unc.png"),
    _texture("posix", "map_Kd /home/me/art/posix.png", "posix.png"),
    _texture("file-uri", "map_Kd file:///C:/me/uri.png", "uri.png"),
    _texture("escaped", "map_Kd my%20skin.png", "my skin.png"),
    _texture("tail", "map_Kd ../old/a/t.png", "a/t.png", "b/t.png"),
    _texture("accents", "map_Kd Héllo.png", "héllo.png"),
    _texture("ambient", "map_Ka ambient.png", "ambient.png"),
    _texture("options", "map_Kd -s 1 1 1 -bm 1.0 OPT.png", "opt.png"),
    Case("obj-blanks", _obj("map_Kd My Skin.PNG", "my skin.png"), found=("my skin.png",)),
    Case("obj-quoted", _obj('map_Kd "quoted skin.png"', "maps/quoted skin.png"), found=("maps/quoted skin.png",)),
    Case("obj-trailing", _obj("map_Kd trail.png  ", "trail.png")),
    Case("obj-library-case", _obj("map_Kd lc.png", "lc.png", library="mtllib Model.MTL"), found=("model.mtl",)),
    Case("obj-library-windows", _obj("map_Kd lw.png", "lw.png", library="mtllib C:\\me\\model.mtl"), found=("model.mtl",)),
    Case("obj-library-below", _obj("map_Kd lb.png", "mat/lb.png", library="mtllib model.mtl", mtl="mat/model.mtl"), found=("mat/model.mtl",)),
    Case("obj-both-elsewhere", _obj("map_Kd D:\\x\\be.png", "t/be.png", library="mtllib m\\Model.mtl", mtl="n/model.mtl"), found=("t/be.png", "n/model.mtl")),
    Case("obj-up", {
        "models/model.obj": texts.obj(), "models/model.mtl": texts.mtl("map_Kd ../images/up.png"),
        "images/up.png": cube.picture(),
    }, model="models/model.obj"),
    Case("obj-scanned", {
        "meshes/model.obj": texts.obj(), "meshes/model.mtl": texts.mtl("map_Kd texture.png"),
        "materials/textures/texture.png": cube.picture(),
    }, model="meshes/model.obj", found=("materials/textures/texture.png",)),
    Case("obj-sketchfab", {
        "source/model.obj": texts.obj(), "source/model.mtl": texts.mtl("map_Kd sk.png"),
        "textures/sk.png": cube.picture(),
    }, model="source/model.obj", found=("textures/sk.png",)),
    # Two that fit as well, or none: nothing is guessed, and the name is told.
    Case("obj-two", _obj("map_Kd two.png", "a/two.png", "b/two.png"), sides=None, missing=("two.png",)),
    Case("obj-two-cases", _obj("map_Kd TWO2.png", "Two2.png", "two2.png"), sides=None, missing=("TWO2.png",)),
    Case("obj-gone", _obj("map_Kd gone.png"), sides=None, missing=("gone.png",)),
    Case("obj-other-ending", _obj("map_Kd ending.tga", "ending.png"), sides=None, missing=("ending.tga",)),
    Case("obj-library-gone", {"model.obj": texts.obj("mtllib nope.mtl")}, sides=GREY, missing=("nope.mtl",)),
    Case("obj-nul", _obj("map_Kd a\0b.png"), sides=None, missing=("a",)),
    # Links that lead out of the root are never followed.
    Case("obj-link-out", _obj("map_Kd C:\\out.png"), {"out.png": "../../outside.png"}, sides=None, missing=("out.png",)),
    Case("obj-folder-out", _obj("map_Kd away.png"), {"textures": "../../outside"}, sides=None, missing=("away.png",)),
    Case("obj-names-out", _obj("map_Kd ../../outside.png"), sides=None, missing=("outside.png",)),
    Case("obj-library-out", _obj("map_Kd lo.png", "lo.png", library="mtllib ../../outside.mtl"), outcome="import", says="outside the object's own folder"),
    Case("obj-library-posix", _obj("map_Kd lp.png", "lp.png", library="mtllib /home/me/Model.mtl"), found=("model.mtl",)),
    Case("obj-library-posix-gone", {"model.obj": texts.obj("mtllib /home/me/lpg.mtl")}, sides=GREY, missing=("lpg.mtl",)),
)  # fmt: skip

# OBJ: what the text itself is, and what it shows


def _wide(order: str) -> bytes:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}[order]
    return mark + texts.obj().encode(order)


BOM = "\ufeff"
CLEAR_BESIDE = ((cube.POINTS, "m"), (cube.points(at=(30.0, 0.0, 0.0)), "clear"))
OBJ_TEXTS = (
    Case("obj-bom", {
        "model.obj": BOM + texts.obj(), "model.mtl": BOM + texts.mtl("map_Kd bom.png"),
        "bom.png": cube.picture(),
    }),
    Case("obj-bom-crlf", {
        "model.obj": (BOM + texts.obj()).replace("\n", "\r\n"),
        "model.mtl": (BOM + texts.mtl("map_Kd bom2.png")).replace("\n", "\r\n"),
        "bom2.png": cube.picture(),
    }),
    Case("obj-utf-16-le", {"model.obj": _wide("utf-16-le")}, outcome="import", says="UTF-16"),
    Case("obj-utf-16-be", {"model.obj": _wide("utf-16-be")}, outcome="import", says="UTF-16"),
    Case("obj-lines", {
        "model.obj": texts.obj(extra="v 30 0 0\nv 30 30 0\nl 25 26"),
        "model.mtl": texts.mtl("map_Kd l.png"), "l.png": cube.picture(),
    }),
    Case("obj-unused-points", {
        "model.obj": texts.obj(extra="v 30 0 0\nv -30 30 0"),
        "model.mtl": texts.mtl("map_Kd u.png"), "u.png": cube.picture(),
    }),
    Case("obj-colours", {"model.obj": texts.obj("", colours=True)}),
    Case("obj-colours-and-material", {
        "model.obj": texts.obj(colours=True), "model.mtl": texts.mtl(),
    }),
    Case("obj-clear", {"model.obj": texts.obj(), "model.mtl": texts.mtl("d 0.0")}, sides=None, opaque=True),
    Case("obj-transparent", {"model.obj": texts.obj(), "model.mtl": texts.mtl("Tr 1.0")}, sides=None),
    Case("obj-clear-textured", _obj("d 0\nmap_Kd dk.png", "dk.png"), opaque=True),
    Case("obj-clear-beside", {
        "model.obj": texts.obj(pieces=CLEAR_BESIDE),
        "model.mtl": texts.mtl("map_Kd cb.png") + texts.mtl("d 0", name="clear"),
        "cb.png": cube.picture(),
    }),
    Case("obj-no-faces", {"model.obj": "v 0 0 0\nv 1 0 0\nv 0 1 0\n"}, outcome="empty"),
    Case("obj-no-area", {"model.obj": "v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n"}, outcome="empty"),
)  # fmt: skip

# glTF


def _linked(uri: str, place: str, *, buffer: str = "", data_at: str = "model.bin") -> Files:
    made = gltf.one_cube(uri)
    files: dict[str, str | bytes] = {"model.gltf": made.gltf(buffer)}
    files[place] = cube.picture()
    if buffer:
        files[data_at] = made.data
    return files


def _gltf(name: str, uri: str, place: str, **keys: object) -> Case:
    return Case(
        f"gltf-{name}",
        _linked(uri, place),
        model="model.gltf",
        found=(place,) if uri != place else (),
    )


def _unseen_gltf(mode: int, *, node: bool = False) -> bytes:
    made = gltf.coloured()
    lines = made.primitive(
        np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 0.0], [30.0, 0.0, 0.0], [30.0, 30.0, 0.0]]),
        mode=mode,
    )
    shown = made.primitive(cube.POINTS)
    if node:
        made.add(shown)
        made.add(lines, translation=[5.0, 0.0, 0.0])
    else:
        made.add(shown, lines)
    return made.glb()


def _clear_gltf(**about: object) -> bytes:
    made = gltf.coloured()
    clear = made.material(**about)
    made.add(
        made.primitive(cube.POINTS),
        made.primitive(cube.points(at=(30.0, 0.0, 0.0)), material=clear),
    )
    return made.glb()


def _shells(count: int, *, coloured: bool = True) -> bytes:
    made = gltf.coloured()
    clear = made.material(alphaMode="BLEND", pbrMetallicRoughness={"baseColorFactor": [1, 1, 1, 0]})
    shells = [
        made.primitive(cube.points(1.01 + 0.01 * number), material=clear) for number in range(count)
    ]
    made.add(made.primitive(cube.POINTS), *shells)
    return made.glb()


def _hull(*, double_sided: bool) -> bytes:
    """The cube in a black hull turned inside out, as outlines of cartoons are made."""
    made = gltf.coloured()
    about = {} if not double_sided else {"doubleSided": True}
    black = made.material(pbrMetallicRoughness={"baseColorFactor": [0, 0, 0, 1]}, **about)
    made.add(
        made.primitive(cube.POINTS),
        made.primitive(cube.points(1.04), material=black, inside_out=True),
    )
    return made.glb()


def _instances(count: int, scale: float) -> bytes:
    """Nodes that show one mesh, under a scaled parent of a mirrored one."""
    made = gltf.coloured()
    made.add(made.primitive(cube.POINTS))
    nodes = made.document["nodes"]
    nodes[0] = {"children": [1], "scale": [-scale, scale, scale]}
    nodes.append({"children": list(range(2, 2 + count)), "rotation": [0.0, 0.0, 1.0, 0.0]})
    nodes += [{"mesh": 0, "translation": [2.0 * number, 0.0, 0.0]} for number in range(count)]
    return made.glb()


TRANSPARENT = {"alphaMode": "BLEND", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0]}}
CUT_OUT = {"alphaMode": "MASK", "pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, 0.2]}}


def _unlit(**about: object) -> bytes:
    made = gltf.Gltf()
    made.picture()
    made.document["extensionsUsed"] = ["KHR_materials_unlit"]
    made.material(**gltf.TEXTURED, extensions={"KHR_materials_unlit": {}})
    made.add(made.primitive(cube.POINTS))
    return made.glb()


GLTF = (
    _gltf("plain", "wood0.png", "wood0.png"),
    _gltf("windows", "C:/Users/me/wood.png", "wood.png"),
    _gltf("backslash", "textures\\wood1.png", "textures/wood1.png"),
    _gltf("case", "Wood2.PNG", "wood2.png"),
    _gltf("sketchfab", "textures/wood3.png", "tex/wood3.png"),
    _gltf("file-uri", "file:///home/me/wood4.png", "wood4.png"),
    Case("gltf-escaped", _linked("my%20wood.png", "my wood.png"), model="model.gltf", found=("my wood.png",)),
    Case("gltf-percent", _linked("C:/x/50%25%20off.png", "50% off.png"), model="model.gltf", found=("50% off.png",)),
    Case("glb-outside", {"model.glb": gltf.one_cube("C:\\Users\\me\\Wood9.png").glb(), "wood9.png": cube.picture()}, model="model.glb", found=("wood9.png",)),
    Case("gltf-buffer-case", _linked("w5.png", "w5.png", buffer="Model.BIN"), model="model.gltf", found=("model.bin",)),
    Case("gltf-buffer-windows", _linked("w6.png", "w6.png", buffer="C:\\me\\model.bin"), model="model.gltf", found=("model.bin",)),
    Case("gltf-buffer-below", _linked("w7.png", "w7.png", buffer="model7.bin", data_at="bin/model7.bin"), model="model.gltf", found=("bin/model7.bin",)),
    Case("gltf-buffer-gone", {"model.gltf": gltf.one_cube().gltf("gone7.bin")}, model="model.gltf", outcome="import", says="gone7.bin"),
    Case("gltf-gone", {"model.gltf": gltf.one_cube("gone8.png").gltf()}, model="model.gltf", sides=None, missing=("gone8.png",)),
    Case("glb-lines", {"model.glb": _unseen_gltf(gltf.LINES)}, model="model.glb"),
    Case("glb-line-strip", {"model.glb": _unseen_gltf(3)}, model="model.glb"),
    Case("glb-line-loop", {"model.glb": _unseen_gltf(2)}, model="model.glb"),
    Case("glb-points", {"model.glb": _unseen_gltf(0)}, model="model.glb"),
    Case("glb-lines-apart", {"model.glb": _unseen_gltf(gltf.LINES, node=True)}, model="model.glb"),
    Case("glb-collider", {"model.glb": _clear_gltf(**TRANSPARENT)}, model="model.glb"),
    Case("glb-cut-out", {"model.glb": _clear_gltf(**CUT_OUT)}, model="model.glb", unlike={"debian": "its importer leaves cut-outs soft"}),
    Case("glb-shells-2", {"model.glb": _shells(2)}, model="model.glb"),
    Case("glb-shells-8", {"model.glb": _shells(8)}, model="model.glb"),
    Case("glb-shells-24", {"model.glb": _shells(24)}, model="model.glb"),
    Case("glb-hull", {"model.glb": _hull(double_sided=False)}, model="model.glb"),
    Case("glb-hull-double", {"model.glb": _hull(double_sided=True)}, model="model.glb", sides=(0, 0, 0)),
    Case("glb-instances", {"model.glb": _instances(3, 1e-3)}, model="model.glb", spans=THREE, sides=None),
    Case("glb-instances-large", {"model.glb": _instances(2, 1e4)}, model="model.glb", spans=TWO, sides=None),
    Case("glb-unlit", {"model.glb": _unlit()}, model="model.glb"),
)  # fmt: skip

# Collada, USD

DAE_LINES = '<lines count="1"><input semantic="VERTEX" source="#v" offset="0"/><p>0 6</p></lines>'
TRANSPARENCY = "<transparent opaque='A_ONE'><color>1 1 1 1</color></transparent><transparency><float>0</float></transparency>"


def _dae(name: str, said: str, place: str) -> Case:
    return Case(
        f"dae-{name}",
        {"model.dae": texts.dae(said), place: cube.picture()},
        model="model.dae",
        found=(place,) if said != place else (),
    )


DAE = (
    _dae("plain", "dae0.png", "dae0.png"),
    _dae("file-uri", "file:///C:/me/dae1.png", "dae1.png"),
    _dae("case", "Dae2.png", "dae2.png"),
    _dae("backslash", ".\\textures\\dae3.png", "textures/dae3.png"),
    _dae("escaped", "my%20dae.png", "my dae.png"),
    _dae("elsewhere", "../images/dae4.png", "textures/dae4.png"),
    Case("dae-gone", {"model.dae": texts.dae("dae5.png")}, model="model.dae", sides=None, missing=("dae5.png",)),
    Case("dae-colours", {"model.dae": texts.dae(colours=True)}, model="model.dae"),
    Case("dae-clear", {"model.dae": texts.dae(transparency=TRANSPARENCY)}, model="model.dae", sides=None, opaque=True),
    Case("dae-lines", {"model.dae": texts.dae(extra=DAE_LINES, colours=True)}, model="model.dae"),
    Case("dae-inches", {"model.dae": texts.dae(colours=True, unit=0.0254)}, model="model.dae"),
)  # fmt: skip


def _usd(*prims: str, **keys: object) -> Files:
    return {"model.usda": texts.usda(*prims)}


BIND = "rel material:binding = </root/mat>"
PROTOTYPES = (
    "rel prototypes = </root/pi/protos/cube>", texts.prim('Scope "protos"', texts.usd_cube()),
)  # fmt: skip


def _instancer(*more: str) -> str:
    return texts.prim(
        'PointInstancer "pi"', "point3f[] positions = [(0, 0, 0), (2, 0, 0), (4, 0, 0)]",
        "int[] protoIndices = [0, 0, 0]", *more, *PROTOTYPES,
    )  # fmt: skip


def _scaled(name: str, scale: float, *inside: str) -> str:
    return texts.prim(
        f'Xform "{name}"', f"double3 xformOp:scale = ({scale}, {scale}, {scale})",
        'uniform token[] xformOpOrder = ["xformOp:scale"]', *inside,
    )  # fmt: skip


def _instanceable(scale: float) -> str:
    """Three references to one prim, each shared by USD."""
    places = (
        texts.prim(
            f'Xform "i{n}" (\n    instanceable = true\n    references = </root/proto>\n)',
            f"double3 xformOp:translate = ({2 * n}, 0, 0)",
            'uniform token[] xformOpOrder = ["xformOp:translate"]',
        )
        for n in range(3)
    )
    proto = texts.prim('Xform "proto"', texts.usd_cube()).replace("def", "class", 1)
    return "\n".join([proto, _scaled("all", scale, *places)])


def _usd_picture(name: str, said: str, place: str) -> Case:
    prims = texts.usd_material(said), texts.usd_cube(extra=BIND)
    files: Files = {**_usd(*prims), place: cube.picture()}
    return Case(f"usd-{name}", files, model="model.usda", found=(place,) if said != place else ())


USD = (
    Case("usd-instancer", _usd(_instancer()), model="model.usda", spans=THREE),
    Case("usd-instancer-scaled", _usd(_instancer("float3[] scales = [(1, 1, 1), (1, 1, 1), (1, 1, 1)]")), model="model.usda", spans=THREE),
    Case("usd-instancer-small", _usd(
        _scaled("small", 0.01, _instancer()).replace("/root/pi", "/root/small/pi")
    ), model="model.usda", spans=THREE),
    Case("usd-instancer-large", _usd(
        _instancer("float3[] scales = [(0.5, 0.5, 0.5), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)]")
    ), model="model.usda", spans=(1.0, 0.5 / 4.5, 0.5 / 4.5)),
    Case("usd-instanceable", _usd(_instanceable(1.0)), model="model.usda", spans=THREE),
    Case("usd-instanceable-small", _usd(_instanceable(0.01)), model="model.usda", spans=THREE),
    Case("usd-centimetres", {"model.usda": texts.usda(texts.usd_cube(), metres=0.01)}, model="model.usda"),
    Case("usd-curves", _usd(
        texts.usd_cube(),
        texts.prim(
            'BasisCurves "c"', 'uniform token type = "linear"', "int[] curveVertexCounts = [2]",
            "point3f[] points = [(30, 0, 0), (30, 30, 0)]",
        ),
    ), model="model.usda"),
    Case("usd-invisible", _usd(
        texts.usd_cube(),
        texts.usd_cube("far", at=(30.0, 0.0, 0.0), extra='token visibility = "invisible"'),
    ), model="model.usda"),
    Case("usd-guide", _usd(
        texts.usd_cube(),
        texts.usd_cube("far", at=(30.0, 0.0, 0.0), extra='uniform token purpose = "guide"'),
    ), model="model.usda"),
    _usd_picture("plain", "usd0.png", "usd0.png"),
    _usd_picture("backslash", ".\\textures\\usd1.png", "textures/usd1.png"),
    _usd_picture("windows", "C:/Users/me/usd2.png", "usd2.png"),
    _usd_picture("case", "./Usd3.PNG", "usd3.png"),
    Case("usd-gone", _usd(texts.usd_material("usd4.png"), texts.usd_cube(extra=BIND)), model="model.usda", sides=None, missing=("usd4.png", "Image Texture of mat")),
    Case("usd-layer-case", {
        "model.usda": '#usda 1.0\n(\n defaultPrim = "root"\n upAxis = "Z"\n subLayers = [@Part.usda@]\n)\n',
        "part.usda": texts.usda(texts.usd_cube()),
    }, model="model.usda", found=("part.usda",)),
    Case("usd-parent", {
        "stage/model.usda": '#usda 1.0\n(\n defaultPrim = "root"\n upAxis = "Z"\n subLayers = [@../shared/up.usda@]\n)\n',
        "shared/up.usda": texts.usda(texts.usd_cube()),
    }, model="stage/model.usda"),
    Case("usd-layer-gone", {
        "model.usda": texts.usda(texts.usd_cube()).replace("(\n", "(\n    subLayers = [@gone.usda@]\n", 1),
    }, model="model.usda", missing=("gone.usda",)),
)  # fmt: skip

# PLY and STL

BYTES = cube.COLOURS.astype(float)
FACE_COLOURS = [tuple(map(int, colour)) for colour in cube.SIDES.values()]
WEDGES = [[8, *cube.UVS[quad].ravel()] for quad in cube.QUADS]


def _ply(name: str, picture: str = "", **keys: object) -> Case:
    files: dict[str, str | bytes] = {"model.ply": texts.ply(**keys)}  # type: ignore[arg-type]
    if picture:
        files[picture] = cube.picture()
    return Case(f"ply-{name}", files, model="model.ply")


LEFT_OUT = texts.ply(face=["uchar red", "uchar green", "uchar blue"], face_values=FACE_COLOURS)
LEFT_OUT = LEFT_OUT.replace(b"element face 6", b"element face 7") + b"4 0 0 0 0 9 9 9\n"
"""Its last face is none, and an importer leaves it out."""


def _names(*names: str, kind: str = "uchar") -> list[str]:
    return [f"{kind} {name}" for name in names]


PLY = (
    _ply("colours", vertex=_names("red", "green", "blue"), vertex_values=BYTES),
    _ply("diffuse", vertex=_names("diffuse_red", "diffuse_green", "diffuse_blue"), vertex_values=BYTES),
    _ply("letters", vertex=_names("r", "g", "b"), vertex_values=BYTES),
    _ply("faces", face=_names("red", "green", "blue"), face_values=FACE_COLOURS),
    _ply("faces-alpha", face=_names("red", "green", "blue", "alpha"), face_values=[(*c, 255) for c in FACE_COLOURS]),
    _ply("faces-little", face=_names("red", "green", "blue"), face_values=FACE_COLOURS, order="<"),
    _ply("faces-big", face=_names("red", "green", "blue"), face_values=FACE_COLOURS, order=">"),
    _ply("faces-floats", face=_names("red", "green", "blue", kind="float"),
         face_values=[[part / 255 for part in c] for c in FACE_COLOURS], order="<"),
    _ply("textured", "ply0.png", header=["comment TextureFile ply0.png"],
         vertex=_names("s", "t", kind="float"), vertex_values=cube.UVS),
    _ply("textured-uv", "ply1.png", header=["comment TextureFile ply1.png"],
         vertex=_names("u", "v", kind="float"), vertex_values=cube.UVS),
    _ply("textured-long", "ply2.png", header=["comment TextureFile C:\\me\\Ply2.png"],
         vertex=_names("texture_u", "texture_v", kind="float"), vertex_values=cube.UVS),
    _ply("wedges", "ply3.png", header=["comment TextureFile ply3.png"],
         face=["list uchar float texcoord"], face_values=WEDGES),
    Case("ply-faces-left-out", {"model.ply": LEFT_OUT}, model="model.ply", sides=GREY, lost=True),
    Case("ply-cloud", {"model.ply": texts.points_ply(300, [])}, model="model.ply", outcome="empty", says="point"),
    Case("ply-splats", {"model.ply": texts.points_ply(100, [
        "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1",
        "rot_2", "rot_3",
    ])}, model="model.ply", outcome="empty", says="points"),
)  # fmt: skip


def _stl(name: str, *, red_low: bool, mark: int, header: bytes = b"") -> Case:
    data = texts.stl(texts.facet_colours(red_low=red_low, mark=mark), header)
    return Case(f"stl-{name}", {"model.stl": data}, model="model.stl")


STL = (
    _stl("viscam", red_low=False, mark=1),
    _stl("magics", red_low=True, mark=0, header=b"COLOR=\xcc\xcc\xcc\xff"),
    Case("stl-plain", {"model.stl": texts.stl([0] * 12)}, model="model.stl", sides=GREY),
)

# Git LFS, archives

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 12345\n"


def _zipped(files: Files) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


SKETCHFAB: Files = {
    "source/model.obj": texts.obj(), "source/model.mtl": texts.mtl("map_Kd C:\\x\\zip0.png"),
    "textures/zip0.png": cube.picture(), "__MACOSX/._model.obj": b"\0\5\x16\7", ".DS_Store": b"\0",
}  # fmt: skip
SCANNED: Files = {
    "thing/meshes/model.obj": texts.obj(), "thing/meshes/model.mtl": texts.mtl("map_Kd texture.png"),
    "thing/materials/textures/texture.png": cube.picture(),
}  # fmt: skip
OTHERS = (
    *(
        Case(f"lfs-{suffix}", {f"model.{suffix}": POINTER}, model=f"model.{suffix}", outcome="import", says="Git LFS pointer")
        for suffix in ("glb", "gltf", "obj", "fbx", "stl", "ply", "dae", "usda", "usdc", "blend", "abc")
    ),
    Case("lfs-zip", {"thing.zip": _zipped({"model.glb": POINTER})}, model="thing.zip", outcome="import", says="Git LFS pointer"),
    Case("zip-sketchfab", {"thing.zip": _zipped(SKETCHFAB)}, model="thing.zip", found=("textures/zip0.png",)),
    Case("zip-scanned", {"thing.zip": _zipped(SCANNED)}, model="thing.zip", found=("thing/materials/textures/texture.png",)),
)  # fmt: skip

# What blends.py writes


def _blend(*names: str, **keys: object) -> tuple[Case, ...]:
    return tuple(Case(name, model="model.blend", **keys) for name in names)  # type: ignore[arg-type]


def _fbx(*names: str, **keys: object) -> tuple[Case, ...]:
    return tuple(Case(name, model="model.fbx", **keys) for name in names)  # type: ignore[arg-type]


BY_BLENDER = (
    *_blend("time-key", "time-armature", "time-shape-key", "time-parent", "time-visibility",
            "time-driver", spans=TWO, sides=None),
    *_blend("instance-collection-info", "instance-collection-info-excluded", "instance-object-info",
            "instance-object-info-realised", "instance-faces", spans=THREE, sides=None),
    *_blend("instance-nested", spans=(1.0, 1 / 7, 1 / 7), sides=None),
    *_blend("instance-host-scaled", spans=THREE, sides=None),
    *_blend("instance-and-prototype", spans=(1.0, 0.25, 0.25)),
    *_blend("limit-location", "limit-copy", "limit-distance", "limit-floor", "limit-child-of",
            spans=TWO),
    *_blend("unseen-edge", "unseen-vertices", "unseen-only-edges", "unseen-curve", "unseen-camera",
            "unseen-render", "unseen-holdout", "unseen-holdout-collection",
            "unseen-indirect-collection", "unseen-clear", "unseen-clear-slot",
            "unseen-shadow-catcher", "unseen-excluded", "unseen-excluded-inside",
            "unseen-hidden-collection", "unseen-orphan", "unseen-other-layer",
            "unseen-other-scene", "unseen-three-scenes"),
    *_blend("library-below"),
    *_blend("library-moved", found=("Part.blend",)),
    *_blend("library-gone", missing=("part.blend",)),
    *_blend("library-outside", outcome="import", says="outside"),
    *_blend("blend-windows", found=("blend1.png",)),
    *_blend("blend-backslashes", found=("deep/er/blend2.png",)),
    *_blend("blend-posix", found=("textures/blend3.png",)),
    *_blend("blend-tail", found=("a/blend5.png",)),
    *_blend("blend-two", sides=None, missing=("blend4.png",)),
    *_fbx("fbx-beside", found=("fbx1.png",)),
    *_fbx("fbx-textures", found=("textures/fbx2.png",)),
    *_fbx("fbx-case", found=("Fbx3.PNG",)),
    *_fbx("fbx-posix", found=("maps/fbx4.png",)),
    *_fbx("fbx-tail", found=("skin/fbx5.png",)),
    *_fbx("fbx-two", sides=None, missing=("fbx6.png",)),
    *_fbx("fbx-gone", sides=None, missing=("fbx7.png",)),
    *_fbx("fbx-colours"),
)  # fmt: skip

CASES = (*OBJ_NAMES, *OBJ_TEXTS, *GLTF, *DAE, *USD, *PLY, *STL, *OTHERS, *BY_BLENDER)
