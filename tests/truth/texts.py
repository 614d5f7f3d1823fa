"""Coloured cubes as OBJ, PLY, STL, Collada and USD, each written out by hand."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np

from tests.truth import cube
from tests.truth.cube import Array

Piece = tuple[Array, str]
"""Points (24,3) of a cube, and its material."""
CUBE: tuple[Piece, ...] = ((cube.POINTS, "m"),)


def obj(
    library: str = "mtllib model.mtl",
    pieces: Iterable[Piece] = CUBE,
    *,
    colours: bool = False,
    extra: str = "",
) -> str:
    """An OBJ, whose Y is up, with texture coordinates; `colours` beside the points."""
    lines = [library]
    faces: list[str] = []
    for number, (points, material) in enumerate(pieces):
        for (x, y, z), colour in zip(points, cube.COLOURS, strict=True):
            beside = " ".join(f"{part / 255:.6f}" for part in colour) if colours else ""
            lines.append(f"v {x:.9g} {z:.9g} {-y:.9g} {beside}".rstrip())
        lines += [f"vt {u:.6f} {v:.6f}" for u, v in cube.UVS]
        faces.append(f"usemtl {material}")
        numbers = cube.QUADS + 1 + 24 * number
        faces += ["f " + " ".join(f"{corner}/{corner}" for corner in quad) for quad in numbers]
    return "\n".join([*lines, *faces, extra, ""])


def mtl(*lines: str, name: str = "m") -> str:
    """A material of white diffuse colour and `lines`."""
    return "\n".join([f"newmtl {name}", "Kd 1 1 1", *lines, ""])


def ply(
    *,
    header: Sequence[str] = (),
    vertex: Sequence[str] = (),
    vertex_values: Array | None = None,
    face: Sequence[str] = (),
    face_values: Sequence[Sequence[object]] | None = None,
    order: str = "",
) -> bytes:
    """A PLY; `vertex` and `face` are further properties of each, `order` "", "<" or ">".

    Binary ones have floats at the vertices, and of the faces what `struct` makes of `face`.
    """
    words = {"": "ascii", "<": "binary_little_endian", ">": "binary_big_endian"}
    head = ["ply", f"format {words[order]} 1.0", *header, "element vertex 24"]
    head += [f"property float {axis}" for axis in "xyz"] + [f"property {each}" for each in vertex]
    head += ["element face 6", "property list uchar int vertex_indices"]
    head += [*(f"property {each}" for each in face), "end_header", ""]
    rows = np.column_stack([cube.POINTS, *([] if vertex_values is None else [vertex_values])])
    values = face_values or [()] * 6
    if not order:
        body = [" ".join(f"{value:.9g}" for value in row) for row in rows]
        for quad, more in zip(cube.QUADS, values, strict=True):
            body.append(" ".join(map(str, [4, *quad, *more])))
        return (
            "\n".join([*head, ""]).replace("\n\n", "\n").encode() + "\n".join([*body, ""]).encode()
        )
    data = rows.astype(f"{order}f4").tobytes()
    for quad, more in zip(cube.QUADS, values, strict=True):
        data += struct.pack(f"{order}B4i", 4, *quad) + b"".join(
            struct.pack(f"{order}{kind}", value)
            for kind, value in zip(_codes(face), more, strict=True)
        )
    return "\n".join(head).encode() + data


def _codes(properties: Sequence[str]) -> list[str]:
    codes = {"uchar": "B", "float": "f"}
    return [codes[each.split()[0]] for each in properties]


def points_ply(count: int, properties: Sequence[str]) -> bytes:
    """A PLY of points alone, with floats of these names beside their places."""
    drawn = np.random.default_rng(0).normal(size=(count, 3 + len(properties)))
    names = [*"xyz", *properties]
    head = ["ply", "format ascii 1.0", f"element vertex {count}"]
    head += [*(f"property float {name}" for name in names), "end_header"]
    return "\n".join([*head, *(" ".join(map(str, row)) for row in drawn), ""]).encode()


def stl(attributes: Sequence[int], header: bytes = b"") -> bytes:
    """A binary STL of twelve facets with the colour attributes of each."""
    data = header.ljust(80, b" ") + struct.pack("<I", len(cube.TRIANGLES))
    for corners, attribute in zip(cube.TRIANGLES, attributes, strict=True):
        numbers = [*cube.NORMALS[corners[0]], *cube.POINTS[corners].ravel()]
        data += struct.pack("<12fH", *numbers, attribute)
    return data


def facet_colours(*, red_low: bool, mark: int) -> list[int]:
    """Five bits a part, red in the low ones or in the high ones, and the 16th bit."""
    found = []
    for corners in cube.TRIANGLES:
        red, green, blue = (round(part / 255 * 31) for part in map(int, cube.COLOURS[corners[0]]))
        low, high = (red, blue) if red_low else (blue, red)
        found.append(mark << 15 | high << 10 | green << 5 | low)
    return found


def dae(
    image: str = "",
    *,
    effect: str = "",
    transparency: str = "",
    materials: str = "",
    colours: bool = False,
    extra: str = "",
    unit: float = 1.0,
) -> str:
    """A Collada of the cube, Z up; `image` is what init_from says, `extra` primitives beside.

    `effect`: of its material, where that is not white, or the picture; `materials`: others.
    """
    diffuse = "<color>1 1 1 1</color>"
    images = surface = ""
    if image:
        named = f'<image id="im"><init_from>{image}</init_from></image>'
        images = f"<library_images>{named}</library_images>"
        surface = (
            '<newparam sid="su"><surface type="2D"><init_from>im</init_from></surface></newparam>'
            '<newparam sid="sa"><sampler2D><source>su</source></sampler2D></newparam>'
        )
        diffuse = '<texture texture="sa" texcoord="UV"/>'
    effect = effect or f"<diffuse>{diffuse}</diffuse>"
    inputs = '<input semantic="VERTEX" source="#v" offset="0"/>'
    inputs += '<input semantic="TEXCOORD" source="#u" offset="0" set="0"/>'
    sources = _source("p", cube.POINTS, "XYZ") + _source("u", cube.UVS, "ST")
    if colours:
        sources += _source("c", cube.COLOURS / 255, "RGB")
        inputs += '<input semantic="COLOR" source="#c" offset="0"/>'
    corners = " ".join(map(str, cube.QUADS.ravel()))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">'
        f'<asset><unit name="u" meter="{unit}"/><up_axis>Z_UP</up_axis></asset>{images}'
        f'<library_effects><effect id="ef"><profile_COMMON>{surface}<technique sid="t"><lambert>'
        f"{effect}{transparency}</lambert></technique></profile_COMMON></effect></library_effects>"
        f'<library_materials>{materials}<material id="ma"><instance_effect url="#ef"/></material>'
        '</library_materials><library_geometries><geometry id="ge"><mesh>'
        f'{sources}<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>'
        f'<polylist material="ms" count="6">{inputs}<vcount>4 4 4 4 4 4</vcount><p>{corners}</p>'
        f"</polylist>{extra}</mesh></geometry></library_geometries>"
        '<library_visual_scenes><visual_scene id="s"><node id="a"><instance_geometry url="#ge">'
        '<bind_material><technique_common><instance_material symbol="ms" target="#ma">'
        '<bind_vertex_input semantic="UV" input_semantic="TEXCOORD" input_set="0"/>'
        "</instance_material></technique_common></bind_material></instance_geometry></node>"
        "</visual_scene></library_visual_scenes>"
        '<scene><instance_visual_scene url="#s"/></scene></COLLADA>\n'
    )


def _source(name: str, rows: Array, letters: str) -> str:
    numbers = " ".join(f"{value:.6g}" for value in rows.ravel())
    kinds = "".join(f'<param name="{letter}" type="float"/>' for letter in letters)
    return (
        f'<source id="{name}"><float_array id="{name}a" count="{rows.size}">{numbers}'
        f'</float_array><technique_common><accessor source="#{name}a" count="{len(rows)}" '
        f'stride="{len(letters)}">{kinds}</accessor></technique_common></source>'
    )


def usda(*prims: str, up: str = "Z", metres: float = 1.0) -> str:
    """A layer whose root prim holds `prims`."""
    inside = "\n".join(prims)
    return (
        '#usda 1.0\n(\n    defaultPrim = "root"\n'
        f'    metersPerUnit = {metres}\n    upAxis = "{up}"\n)\n'
        f'def Xform "root"\n{{\n{inside}\n}}\n'
    )


def prim(head: str, *lines: str) -> str:
    """A prim of `lines` and other prims."""
    return "\n".join([f"def {head}", "{", *lines, "}"])


def usd_cube(
    name: str = "cube", *, scale: float = 1.0, at: cube.Vector = (0.0, 0.0, 0.0), extra: str = ""
) -> str:
    """A mesh prim, its colours in displayColor; `extra` lines go into the prim."""
    places = ", ".join(f"({x:.6g}, {y:.6g}, {z:.6g})" for x, y, z in cube.points(scale, at))
    values = ", ".join("({:.6g}, {:.6g}, {:.6g})".format(*row) for row in cube.linear(cube.COLOURS))
    uvs = ", ".join(f"({u:.6g}, {v:.6g})" for u, v in cube.UVS)
    return (
        f'def Mesh "{name}" (\n    prepend apiSchemas = ["MaterialBindingAPI"]\n)\n{{\n'
        "    int[] faceVertexCounts = [4, 4, 4, 4, 4, 4]\n"
        f"    int[] faceVertexIndices = {list(range(24))}\n    point3f[] points = [{places}]\n"
        f'    color3f[] primvars:displayColor = [{values}] (interpolation = "vertex")\n'
        f'    texCoord2f[] primvars:st = [{uvs}] (interpolation = "faceVarying")\n'
        '    uniform token subdivisionScheme = "none"\n'
        f"    {extra}\n}}"
    )


def usd_material(image: str, rough: str = "", scale: float = 1.0) -> str:
    """A material prim at /root/mat, whose base colour is the picture `image`.

    `rough`: the picture whose red is its roughness. `scale`: by which its colours are multiplied.
    """
    roughness, second = " = 1", ""
    if rough:
        roughness = ".connect = </root/mat/n.outputs:r>"
        second = (
            '    def Shader "n"\n    {\n        uniform token info:id = "UsdUVTexture"\n'
            f"        asset inputs:file = @{rough}@\n"
            '        token inputs:sourceColorSpace = "raw"\n'
            "        float2 inputs:st.connect = </root/mat/r.outputs:result>\n"
            "        float outputs:r\n    }\n"
        )
    return (
        'def Material "mat"\n{\n    token outputs:surface.connect = </root/mat/s.outputs:surface>\n'
        '    def Shader "s"\n    {\n        uniform token info:id = "UsdPreviewSurface"\n'
        "        color3f inputs:diffuseColor.connect = </root/mat/t.outputs:rgb>\n"
        f"        float inputs:roughness{roughness}\n        token outputs:surface\n    }}\n"
        f"{second}"
        '    def Shader "t"\n    {\n        uniform token info:id = "UsdUVTexture"\n'
        f"        asset inputs:file = @{image}@\n"
        f"        float4 inputs:scale = ({scale}, {scale}, {scale}, 1)\n"
        "        float2 inputs:st.connect = </root/mat/r.outputs:result>\n"
        "        float3 outputs:rgb\n    }\n"
        '    def Shader "r"\n    {\n        uniform token info:id = "UsdPrimvarReader_float2"\n'
        '        string inputs:varname = "st"\n        float2 outputs:result\n    }\n}'
    )
