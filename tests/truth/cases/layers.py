"""Collada and USD: names of files, instances, what nobody sees, lengths."""

from __future__ import annotations

from tests.truth import cube, texts
from tests.truth.cases.case import THREE, Case, Files

DAE_LINES = '<lines count="1"><input semantic="VERTEX" source="#v" offset="0"/><p>0 6</p></lines>'
TRANSPARENCY = (
    "<transparent opaque='A_ONE'><color>1 1 1 1</color></transparent>"
    "<transparency><float>0</float></transparency>"
)


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
    Case(
        "dae-gone",
        {"model.dae": texts.dae("dae5.png")},
        model="model.dae",
        sides=None,
        missing=("dae5.png",),
    ),
    Case("dae-colours", {"model.dae": texts.dae(colours=True)}, model="model.dae"),
    Case(
        "dae-clear",
        {"model.dae": texts.dae(transparency=TRANSPARENCY)},
        model="model.dae",
        sides=None,
        opaque=True,
    ),
    Case("dae-lines", {"model.dae": texts.dae(extra=DAE_LINES, colours=True)}, model="model.dae"),
    Case("dae-inches", {"model.dae": texts.dae(colours=True, unit=0.0254)}, model="model.dae"),
)


def _usd(*prims: str) -> Files:
    return {"model.usda": texts.usda(*prims)}


BIND = "rel material:binding = </root/mat>"
PROTOTYPES = (
    "rel prototypes = </root/pi/protos/cube>",
    texts.prim('Scope "protos"', texts.usd_cube()),
)


def instancer(*more: str) -> str:
    """Three cubes in a row along x, two apart."""
    return texts.prim(
        'PointInstancer "pi"', "point3f[] positions = [(0, 0, 0), (2, 0, 0), (4, 0, 0)]",
        "int[] protoIndices = [0, 0, 0]", *more, *PROTOTYPES,
    )  # fmt: skip


def scaled(name: str, scale: float, *inside: str) -> str:
    """A prim that scales the prims `inside`."""
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
    return "\n".join([proto, scaled("all", scale, *places)])


def _over(layer: str) -> str:
    """A layer that has all from another."""
    return f'#usda 1.0\n(\n defaultPrim = "root"\n upAxis = "Z"\n subLayers = [@{layer}@]\n)\n'


def _usd_picture(name: str, said: str, place: str) -> Case:
    prims = texts.usd_material(said), texts.usd_cube(extra=BIND)
    files: Files = {**_usd(*prims), place: cube.picture()}
    return Case(f"usd-{name}", files, model="model.usda", found=(place,) if said != place else ())


USD = (
    Case("usd-instancer", _usd(instancer()), model="model.usda", spans=THREE),
    Case(
        "usd-instancer-scaled",
        _usd(instancer("float3[] scales = [(1, 1, 1), (1, 1, 1), (1, 1, 1)]")),
        model="model.usda",
        spans=THREE,
    ),
    Case(
        "usd-instancer-small",
        _usd(scaled("small", 0.01, instancer()).replace("/root/pi", "/root/small/pi")),
        model="model.usda",
        spans=THREE,
    ),
    Case(
        "usd-instancer-large",
        _usd(instancer("float3[] scales = [(0.5, 0.5, 0.5), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)]")),
        model="model.usda",
        spans=(1.0, 0.5 / 4.5, 0.5 / 4.5),
    ),
    Case("usd-instanceable", _usd(_instanceable(1.0)), model="model.usda", spans=THREE),
    Case("usd-instanceable-small", _usd(_instanceable(0.01)), model="model.usda", spans=THREE),
    Case(
        "usd-centimetres",
        {"model.usda": texts.usda(texts.usd_cube(), metres=0.01)},
        model="model.usda",
    ),
    Case(
        "usd-curves",
        _usd(
            texts.usd_cube(),
            texts.prim(
                'BasisCurves "c"',
                'uniform token type = "linear"',
                "int[] curveVertexCounts = [2]",
                "point3f[] points = [(30, 0, 0), (30, 30, 0)]",
            ),
        ),
        model="model.usda",
    ),
    Case(
        "usd-invisible",
        _usd(
            texts.usd_cube(),
            texts.usd_cube("far", at=(30.0, 0.0, 0.0), extra='token visibility = "invisible"'),
        ),
        model="model.usda",
    ),
    Case(
        "usd-guide",
        _usd(
            texts.usd_cube(),
            texts.usd_cube("far", at=(30.0, 0.0, 0.0), extra='uniform token purpose = "guide"'),
        ),
        model="model.usda",
    ),
    _usd_picture("plain", "usd0.png", "usd0.png"),
    _usd_picture("backslash", ".\\textures\\usd1.png", "textures/usd1.png"),
    _usd_picture("windows", "C:/Users/me/usd2.png", "usd2.png"),
    _usd_picture("case", "./Usd3.PNG", "usd3.png"),
    Case(
        "usd-gone",
        _usd(texts.usd_material("usd4.png"), texts.usd_cube(extra=BIND)),
        model="model.usda",
        sides=None,
        missing=("usd4.png",),
    ),
    Case(
        "usd-layer-case",
        {
            "model.usda": _over("Part.usda"),
            "part.usda": texts.usda(texts.usd_cube()),
        },
        model="model.usda",
        found=("part.usda",),
    ),
    Case(
        "usd-parent",
        {
            "stage/model.usda": _over("../shared/up.usda"),
            "shared/up.usda": texts.usda(texts.usd_cube()),
        },
        model="stage/model.usda",
    ),
    Case(
        "usd-layer-gone",
        {
            "model.usda": texts.usda(texts.usd_cube()).replace(
                "(\n", "(\n    subLayers = [@gone.usda@]\n", 1
            ),
        },
        model="model.usda",
        missing=("gone.usda",),
    ),
)
