"""Cubes as FBX in text, which only Blender's importer in C++ reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.truth import cube

HEAD = """; FBX 7.4.0 project file
FBXHeaderExtension:  {
    FBXHeaderVersion: 1003
    FBXVersion: 7400
}
GlobalSettings:  {
    Version: 1000
    Properties70:  {
        P: "UpAxis", "int", "Integer", "",2
        P: "UpAxisSign", "int", "Integer", "",1
        P: "FrontAxis", "int", "Integer", "",1
        P: "FrontAxisSign", "int", "Integer", "",-1
        P: "CoordAxis", "int", "Integer", "",0
        P: "CoordAxisSign", "int", "Integer", "",1
        P: "UnitScaleFactor", "double", "Number", "",100
    }
}
"""


BY_CORNER = """MappingInformationType: "ByPolygonVertex"
            ReferenceInformationType: "Direct\""""
ONE = """MappingInformationType: "AllSame"
            ReferenceInformationType: "IndexToDirect"
            Materials: *1 {
                a: 0
            }"""


def text() -> str:
    """The cube with a colour at each corner."""
    colours = [part for colour in cube.COLOURS for part in (*(colour / 255), 1.0)]
    return _document({"Color": f"{BY_CORNER}\n            Colors: {_array(colours)}"})


def textured(image: str, *uses: str) -> str:
    """The cube with the picture `image` as these properties of its material."""
    layers = {"UV": f"{BY_CORNER}\n            UV: {_array(cube.UVS.ravel())}", "Material": ONE}
    material = f"""
    Material: 3, "Material::m", "" {{
        Version: 102
        ShadingModel: "phong"
        Properties70:  {{
            P: "DiffuseColor", "Color", "", "A",1,1,1
        }}
    }}
    Video: 4, "Video::v", "Clip" {{
        Type: "Clip"
        RelativeFilename: "{image}"
    }}
    Texture: 5, "Texture::t", "" {{
        Type: "TextureVideoClip"
        Version: 202
        TextureName: "Texture::t"
        Media: "Video::v"
        RelativeFilename: "{image}"
    }}"""
    return _document(layers, material, '"OO",3,2', '"OO",4,5', *(f'"OP",5,3, "{u}"' for u in uses))


def _document(layers: Mapping[str, str], objects: str = "", *connections: str) -> str:
    """The cube with these layers, by kind, beside other objects."""
    elements = "".join(
        f"""
        LayerElement{kind}: 0 {{
            Version: 101
            Name: "{kind}"
            {about}
        }}"""
        for kind, about in layers.items()
    )
    listed = "".join(
        f"""
            LayerElement:  {{
                Type: "LayerElement{kind}"
                TypedIndex: 0
            }}"""
        for kind in layers
    )
    joined = "\n".join(f"    C: {each}" for each in ('"OO",2,0', '"OO",1,2', *connections))
    return f"""{HEAD}
Objects:  {{
    Geometry: 1, "Geometry::cube", "Mesh" {{
        Vertices: {_array(cube.POINTS.ravel())}
        PolygonVertexIndex: {_array(_corners())}
        GeometryVersion: 124{elements}
        Layer: 0 {{
            Version: 100{listed}
        }}
    }}
    Model: 2, "Model::cube", "Mesh" {{
        Version: 232
    }}{objects}
}}
Connections:  {{
{joined}
}}
"""


def _corners() -> list[int]:
    """By polygon; the last corner of each is the negative number of its place from the end."""
    return [
        number if at < 3 else -number - 1 for quad in cube.QUADS for at, number in enumerate(quad)
    ]


def _array(numbers: Iterable[float]) -> str:
    values = [f"{number:.9g}" for number in numbers]
    return f"*{len(values)} {{\n            a: {','.join(values)}\n        }}"
