"""Cubes as FBX in text, which only Blender's importer in C++ reads."""

from __future__ import annotations

from collections.abc import Iterable

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


def text() -> str:
    """The cube with a colour at each corner."""
    colours = [part for colour in cube.COLOURS for part in (*(colour / 255), 1.0)]
    return f"""{HEAD}
Objects:  {{
    Geometry: 1, "Geometry::cube", "Mesh" {{
        Vertices: {_array(cube.POINTS.ravel())}
        PolygonVertexIndex: {_array(_corners())}
        GeometryVersion: 124
        LayerElementColor: 0 {{
            Version: 101
            Name: "Col"
            MappingInformationType: "ByPolygonVertex"
            ReferenceInformationType: "Direct"
            Colors: {_array(colours)}
        }}
        Layer: 0 {{
            Version: 100
            LayerElement:  {{
                Type: "LayerElementColor"
                TypedIndex: 0
            }}
        }}
    }}
    Model: 2, "Model::cube", "Mesh" {{
        Version: 232
    }}
}}
Connections:  {{
    C: "OO",2,0
    C: "OO",1,2
}}
"""


def textured(image: str, *uses: str) -> str:
    """The cube with the picture `image` as these properties of its material."""
    connections = [f'    C: "OP",5,3, "{use}"' for use in uses]
    return f"""{HEAD}
Objects:  {{
    Geometry: 1, "Geometry::cube", "Mesh" {{
        Vertices: {_array(cube.POINTS.ravel())}
        PolygonVertexIndex: {_array(_corners())}
        GeometryVersion: 124
        LayerElementUV: 0 {{
            Version: 101
            Name: "UV"
            MappingInformationType: "ByPolygonVertex"
            ReferenceInformationType: "Direct"
            UV: {_array(cube.UVS.ravel())}
        }}
        LayerElementMaterial: 0 {{
            Version: 101
            Name: ""
            MappingInformationType: "AllSame"
            ReferenceInformationType: "IndexToDirect"
            Materials: *1 {{
                a: 0
            }}
        }}
        Layer: 0 {{
            Version: 100
            LayerElement:  {{
                Type: "LayerElementUV"
                TypedIndex: 0
            }}
            LayerElement:  {{
                Type: "LayerElementMaterial"
                TypedIndex: 0
            }}
        }}
    }}
    Model: 2, "Model::cube", "Mesh" {{
        Version: 232
    }}
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
    }}
}}
Connections:  {{
    C: "OO",2,0
    C: "OO",1,2
    C: "OO",3,2
    C: "OO",4,5
{chr(10).join(connections)}
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
