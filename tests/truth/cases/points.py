"""PLY and STL: colours and pictures that importers leave in the file; points without faces."""

from __future__ import annotations

from tests.truth import cube, texts
from tests.truth.cases.case import GREY, Case

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
    _ply(
        "diffuse",
        vertex=_names("diffuse_red", "diffuse_green", "diffuse_blue"),
        vertex_values=BYTES,
    ),
    _ply("letters", vertex=_names("r", "g", "b"), vertex_values=BYTES),
    _ply("faces", face=_names("red", "green", "blue"), face_values=FACE_COLOURS),
    _ply(
        "faces-alpha",
        face=_names("red", "green", "blue", "alpha"),
        face_values=[(*c, 255) for c in FACE_COLOURS],
    ),
    _ply("faces-little", face=_names("red", "green", "blue"), face_values=FACE_COLOURS, order="<"),
    _ply("faces-big", face=_names("red", "green", "blue"), face_values=FACE_COLOURS, order=">"),
    _ply(
        "faces-floats",
        face=_names("red", "green", "blue", kind="float"),
        face_values=[[part / 255 for part in c] for c in FACE_COLOURS],
        order="<",
    ),
    _ply(
        "textured",
        "ply0.png",
        header=["comment TextureFile ply0.png"],
        vertex=_names("s", "t", kind="float"),
        vertex_values=cube.UVS,
    ),
    _ply(
        "textured-uv",
        "ply1.png",
        header=["comment TextureFile ply1.png"],
        vertex=_names("u", "v", kind="float"),
        vertex_values=cube.UVS,
    ),
    _ply(
        "textured-long",
        "ply2.png",
        header=["comment TextureFile C:\\me\\Ply2.png"],
        vertex=_names("texture_u", "texture_v", kind="float"),
        vertex_values=cube.UVS,
    ),
    _ply(
        "wedges",
        "ply3.png",
        header=["comment TextureFile ply3.png"],
        face=["list uchar float texcoord"],
        face_values=WEDGES,
    ),
    Case("ply-faces-left-out", {"model.ply": LEFT_OUT}, model="model.ply", sides=GREY, lost=True),
    Case(
        "ply-cloud",
        {"model.ply": texts.points_ply(300, [])},
        model="model.ply",
        outcome="empty",
        says="point",
    ),
    Case(
        "ply-splats",
        {
            "model.ply": texts.points_ply(
                100,
                [
                    "f_dc_0",
                    "f_dc_1",
                    "f_dc_2",
                    "opacity",
                    "scale_0",
                    "scale_1",
                    "scale_2",
                    "rot_0",
                    "rot_1",
                    "rot_2",
                    "rot_3",
                ],
            )
        },
        model="model.ply",
        outcome="empty",
        says="points",
    ),
)


def _stl(name: str, *, red_low: bool, mark: int, header: bytes = b"") -> Case:
    data = texts.stl(texts.facet_colours(red_low=red_low, mark=mark), header)
    return Case(f"stl-{name}", {"model.stl": data}, model="model.stl")


STL = (
    _stl("viscam", red_low=False, mark=1),
    _stl("magics", red_low=True, mark=0, header=b"COLOR=\xcc\xcc\xcc\xff"),
    _stl("viscam-header", red_low=False, mark=1, header=b"COLOR=\xff\xff\xff\xff"),
    Case("stl-plain", {"model.stl": texts.stl([0] * 12)}, model="model.stl", sides=GREY),
)
