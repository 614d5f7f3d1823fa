"""Models that reach out of their folder, "object", for what lies beside it, in "secret"."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

POINTS = ((0, 0, 0), (7, 0, 0), (7, 3, 0), (0, 3, 0))
"""Of the secret's square; every model's own is smaller."""
GEOMETRY = (
    struct.pack("<12f", *(number for point in POINTS for number in point))
    + struct.pack("<8f", 0, 0, 1, 0, 1, 1, 0, 1)
    + struct.pack("<6H", 0, 1, 2, 0, 2, 3)
)


def gltf(buffer: str = "", picture: str | None = None) -> str:
    """A square whose buffer is at the URI `buffer`, or inline; it wears the one at `picture`."""
    inline = "data:application/octet-stream;base64," + base64.b64encode(GEOMETRY).decode()
    paint: dict[str, Any] = {"metallicFactor": 0}
    content: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {
                "primitives": [
                    {"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}
                ]
            }
        ],
        "materials": [{"doubleSided": True, "pbrMetallicRoughness": paint}],
        "buffers": [{"byteLength": len(GEOMETRY), "uri": buffer or inline}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 48},
            {"buffer": 0, "byteOffset": 48, "byteLength": 32},
            {"buffer": 0, "byteOffset": 80, "byteLength": 12},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3",
             "min": [0, 0, 0], "max": [7, 3, 0]},
            {"bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC2"},
            {"bufferView": 2, "componentType": 5123, "count": 6, "type": "SCALAR"},
        ],
    }  # fmt: skip
    if picture is not None:
        content |= {"images": [{"uri": picture}], "textures": [{"source": 0}]}
        paint["baseColorTexture"] = {"index": 0}
    return json.dumps(content)


def _mesh(width: float) -> str:
    return f"""def Mesh "Square" {{
    int[] faceVertexCounts = [4]
    int[] faceVertexIndices = [0, 1, 2, 3]
    point3f[] points = [(0, 0, 0), ({width}, 0, 0), ({width}, 3, 0), (0, 3, 0)]
}}
"""


LAYER = "#usda 1.0\n"
HEAD = '#usda 1.0\n(\n    defaultPrim = "Root"\n    metersPerUnit = 1\n)\n'
SECRET = f'{HEAD}def Xform "Root" {{\n{_mesh(7)}}}\n'
OWN = _mesh(1)

PAINTED = """def Xform "Own" {
    def Mesh "Square" (
        prepend apiSchemas = ["MaterialBindingAPI"]
    ) {
        rel material:binding = </Own/Paint>
        int[] faceVertexCounts = [4]
        int[] faceVertexIndices = [0, 1, 2, 3]
        point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)]
        texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1), (0, 1)] (interpolation = "vertex")
    }
    def Material "Paint" {
        token outputs:surface.connect = </Own/Paint/Surface.outputs:surface>
        def Shader "Surface" {
            uniform token info:id = "UsdPreviewSurface"
            color3f inputs:diffuseColor.connect = </Own/Paint/Picture.outputs:rgb>
            token outputs:surface
        }
        def Shader "Picture" {
            uniform token info:id = "UsdUVTexture"
            asset inputs:file = @%s@
            float3 outputs:rgb
        }
    }
}
"""


def _prim(arc: str) -> str:
    return f'{LAYER}{OWN}def Xform "Reach" (\n    {arc}\n) {{\n}}\n'


USD = {
    "reference": _prim("references = @../secret/secret.usda@"),
    "payload": _prim("payload = @../secret/secret.usda@"),
    "sublayer": f"{LAYER}(\n    subLayers = [@../secret/secret.usda@]\n)\n{OWN}",
    "long": _prim("references = @@@../secret/secret.usda@@@"),
    "arguments": _prim("references = @../secret/secret.usda:SDF_FORMAT_ARGS:a=b@"),
    "backslash": _prim("references = @a\\b/../../secret/secret.usda@"),
    "expression": f'{LAYER}(\n    expressionVariables = {{ string X = "../secret/sec" }}\n)\n'
    + _prim('references = @`"${X}ret.usda"`@').partition("\n")[2],
    "misleading marks": _prim("references = @../secret/secret.usda@").replace(
        LAYER, LAYER + '# an @ and a " that nothing closes\n'
    ),
    "variant": f"""{LAYER}{OWN}def Xform "Reach" (
    variants = {{ string v = "a" }}
    prepend variantSets = "v"
) {{
    variantSet "v" = {{
        "a" (references = @../secret/secret.usda@) {{
        }}
    }}
}}
""",
    "instancer": f"""{LAYER}{OWN}def PointInstancer "Many" {{
    int[] protoIndices = [0, 0]
    point3f[] positions = [(0, 0, 0), (1, 1, 1)]
    rel prototypes = [</Many/Secret>]
    def Xform "Secret" (references = @../secret/secret.usda@) {{
    }}
}}
""",
    "clips": _prim('clips = { dictionary default = { string primPath = "/Reach"\n'
                   '        string templateAssetPath = "../secret/secret.#.usda" } }'),
    "picture in a package": LAYER + PAINTED % "../secret/tex.usdz[blue.png]",
    "a layer of its own": _prim("references = @deep/layer.usda@"),
}  # fmt: skip
"""Layers that read the secret, by how they do it."""

USD_HARMLESS = {
    "inside": _prim("references = @deep/square.usda@"),
    "dots inside": _prim("references = @./deep/../deep/square.usda@"),
    "nowhere": _prim("references = @../secret/no-such.usda@"),
    "creators": f"""{LAYER}(
    doc = "Generated from Composed Stage of root layer /tmp/secret/secret.usda"
    customLayerData = {{ string HoudiniSavePath = "/home/no-such-artist/scene.usda" }}
)
{OWN}""",
    "patterns of nowhere": f"""{LAYER}(
    doc = "Material #12, see /no/such/b.usd"
    customLayerData = {{ string templateAssetPath = "/no-such-shots/a/clip.####.usd" }}
)
{OWN}""",
    "patterns beside it": f"""{LAYER}(
    customLayerData = {{ string templateAssetPath = "./clip.####.usd" }}
)
{OWN}""",
    "picture in a package": LAYER + PAINTED % "deep/tex.usdz[blue.png]",
}


def dae(width: float, url: str = "#g", head: str = "") -> str:
    """A triangle `width` units wide, shown by `url`."""
    return f"""<?xml version="1.0"?>
{head}<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><contributor><source_data>file:///C:/artist/scene.max</source_data></contributor>
<up_axis>Z_UP</up_axis></asset>
<library_geometries><geometry id="g" name="g"><mesh>
<source id="p"><float_array id="pa" count="9">0 0 0 {width} 0 0 0 3 1</float_array>
<technique_common><accessor source="#pa" count="3" stride="3">
<param name="X" type="float"/><param name="Y" type="float"/><param name="Z" type="float"/>
</accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles count="1"><input semantic="VERTEX" source="#v" offset="0"/><p>0 1 2</p></triangles>
</mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="s"><node id="n"><instance_geometry url="{url}"/></node>
</visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#s"/></scene></COLLADA>
"""
