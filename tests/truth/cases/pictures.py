"""Pictures that are colours, numbers, or both; and what importers make of them otherwise."""

from __future__ import annotations

from tests.truth import cube, fbx, gltf, texts
from tests.truth.cases.case import Case, Files
from tests.truth.cases.layers import BIND

ONLY_CPP = {
    "debian": "its importer, in Python, reads no FBX in text",
    "bpy42": "its importer, in Python, reads no FBX in text",
}
TILT = (204, 128, 230)
"""A normal of three fifths to the right, and four fifths away from the surface."""
HALF = 128


def _gltf(**about: object) -> bytes:
    """The picture is the base colour, and what `about` says too."""
    made = gltf.Gltf()
    made.picture()
    surface = {**gltf.TEXTURED["pbrMetallicRoughness"], **about.pop("pbrMetallicRoughness", {})}  # type: ignore[dict-item]
    made.material(pbrMetallicRoughness=surface, **about)
    made.add(made.primitive(cube.POINTS))
    return made.glb()


def _obj(*lines: str, picture: bytes) -> Files:
    library = texts.mtl("map_Kd colours.png", *lines)
    pictures = {"colours.png": cube.picture(), "numbers.png": picture}
    return {"model.obj": texts.obj(), "model.mtl": library, **pictures}


def _dae(image: str, **about: str) -> Files:
    return {"model.dae": texts.dae(image, **about), "colours.png": cube.cut_out()}  # type: ignore[arg-type]


def _fbx(*uses: str, picture: bytes) -> Files:
    return {"model.fbx": fbx.textured("colours.png", *uses), "colours.png": picture}


SAME = "<texture texture='sa' texcoord='UV'/>"
PICTURES = (
    # One picture of colours that is numbers too: the colours stay.
    Case(
        "gltf-colours-are-occlusion",
        {"model.glb": _gltf(occlusionTexture={"index": 0})},
        model="model.glb",
    ),
    Case(
        "gltf-colours-are-roughness",
        {"model.glb": _gltf(pbrMetallicRoughness={"metallicRoughnessTexture": {"index": 0}})},
        model="model.glb",
    ),
    *(
        Case(
            f"usd-{name}-are-roughness",
            {
                "model.usda": texts.usda(
                    texts.usd_cube(extra=BIND),
                    texts.usd_material("colours.png", rough="colours.png", scale=scale),
                ),
                "colours.png": cube.picture(),
            },
            model="model.usda",
        )
        for name, scale in (("colours", 1.0), ("scaled-colours", 1.0001))
    ),
    *(
        Case(
            f"fbx-colours-are-{name}",
            _fbx("DiffuseColor", use, picture=cube.picture()),
            model="model.fbx",
            unlike=ONLY_CPP,
        )
        for name, use in (
            ("specular", "SpecularFactor"),
            ("shininess", "ShininessExponent"),
            ("transparency", "TransparencyFactor"),
        )
    ),
    # What is cut out by its own alpha.
    Case(
        "fbx-cut-out",
        _fbx("DiffuseColor", "TransparencyFactor", picture=cube.cut_out()),
        model="model.fbx",
        sides=None,
        unlike=ONLY_CPP,
    ),
    Case(
        "dae-cut-out",
        _dae("colours.png", transparency=f"<transparent opaque='A_ONE'>{SAME}</transparent>"),
        model="model.dae",
        sides=None,
    ),
    Case(
        "dae-two-of-one-name",
        _dae(
            "colours.png",
            transparency=f"<transparent>{SAME}</transparent>",
            materials='<material id="other" name="ma"><instance_effect url="#none"/></material>',
        ),
        model="model.dae",
    ),
    Case(
        "dae-not-cut-out",
        _dae("colours.png", transparency="<transparent><color>1 1 1 1</color></transparent>"),
        model="model.dae",
    ),
    # Numbers of an OBJ's library.
    Case(
        "obj-flat-normals",
        _obj("map_Bump -bm 1 numbers.png", picture=cube.plain(HALF, HALF, 255)),
    ),
    *(
        Case(f"obj-{name}", _obj(f"{said} numbers.png", picture=cube.plain(*TILT)), sides=None)
        for name, said in (
            ("tilted", "map_Bump -bm 1"),
            ("tilted-bare", "map_Bump"),
            ("tilted-bump", "bump"),
            ("tilted-norm", "norm"),
        )
    ),
    Case(
        "obj-tilted-padded",
        _obj("map_Bump numbers.png", picture=cube.padded(*TILT)),
        sides=None,
    ),
    Case(
        "obj-coloured-heights",
        _obj("map_Bump numbers.png", picture=cube.plain(150, 100, 60)),
    ),
    Case("obj-no-tilt", _obj("map_Bump -bm 0 numbers.png", picture=cube.plain(*TILT))),
    Case("obj-roughness", _obj("map_Pr numbers.png", picture=cube.plain(HALF, HALF, HALF))),
    Case(
        "obj-half-clear",
        _obj("map_d numbers.png", picture=cube.plain(HALF, HALF, HALF)),
        sides=None,
    ),
    Case(
        "obj-grey-of-one-number",
        {"model.obj": texts.obj(), "model.mtl": "newmtl m\nKd 0.5\nKs 0\n"},
        sides=(188, 188, 188),
    ),
    # Collada's emission; an effect without other colours.
    Case(
        "dae-shining",
        _dae("colours.png", effect=f"<emission>{SAME}</emission>"),
        model="model.dae",
        sides=None,
    ),
    Case(
        "dae-shining-colour",
        _dae("", effect="<emission><color>0.5 0.25 0.125 1</color></emission>"),
        model="model.dae",
        sides=None,
    ),
)
