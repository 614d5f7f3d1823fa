"""OBJ: how a library names its picture and where that lies; what the text is, and what it shows."""

from __future__ import annotations

from tests.truth import cube, texts
from tests.truth.cases.case import GREY, POINTER, Case, Files


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
    Case(
        "obj-quoted",
        _obj('map_Kd "quoted skin.png"', "maps/quoted skin.png"),
        found=("maps/quoted skin.png",),
    ),
    Case("obj-trailing", _obj("map_Kd trail.png  ", "trail.png")),
    Case(
        "obj-library-case",
        _obj("map_Kd lc.png", "lc.png", library="mtllib Model.MTL"),
        found=("model.mtl",),
    ),
    Case(
        "obj-library-windows",
        _obj("map_Kd lw.png", "lw.png", library="mtllib C:\\me\\model.mtl"),
        found=("model.mtl",),
    ),
    Case(
        "obj-library-below",
        _obj("map_Kd lb.png", "mat/lb.png", library="mtllib model.mtl", mtl="mat/model.mtl"),
        found=("mat/model.mtl",),
    ),
    Case(
        "obj-both-elsewhere",
        _obj("map_Kd D:\\x\\be.png", "t/be.png", library="mtllib m\\Model.mtl", mtl="n/model.mtl"),
        found=("t/be.png", "n/model.mtl"),
    ),
    Case(
        "obj-up",
        {
            "models/model.obj": texts.obj(),
            "models/model.mtl": texts.mtl("map_Kd ../images/up.png"),
            "images/up.png": cube.picture(),
        },
        model="models/model.obj",
    ),
    Case(
        "obj-scanned",
        {
            "meshes/model.obj": texts.obj(),
            "meshes/model.mtl": texts.mtl("map_Kd texture.png"),
            "materials/textures/texture.png": cube.picture(),
        },
        model="meshes/model.obj",
        found=("materials/textures/texture.png",),
    ),
    Case(
        "obj-sketchfab",
        {
            "source/model.obj": texts.obj(),
            "source/model.mtl": texts.mtl("map_Kd sk.png"),
            "textures/sk.png": cube.picture(),
        },
        model="source/model.obj",
        found=("textures/sk.png",),
    ),
    # Two that fit as well, or none: nothing is guessed, and the name is told.
    Case(
        "obj-two",
        _obj("map_Kd two.png", "a/two.png", "b/two.png"),
        sides=None,
        missing=("two.png",),
    ),
    Case(
        "obj-two-cases",
        _obj("map_Kd TWO2.png", "Two2.png", "two2.png"),
        sides=None,
        missing=("TWO2.png",),
    ),
    Case("obj-gone", _obj("map_Kd gone.png"), sides=None, missing=("gone.png",)),
    Case(
        "obj-other-ending",
        _obj("map_Kd ending.tga", "ending.png"),
        sides=None,
        missing=("ending.tga",),
    ),
    Case(
        "obj-library-gone",
        {"model.obj": texts.obj("mtllib nope.mtl")},
        sides=GREY,
        missing=("nope.mtl",),
    ),
    Case(
        "obj-one-of-two-gone",
        {
            **_obj("map_Kd C:\\art\\gone9.png\nmap_Bump maps/broken.png"),
            "maps/broken.png": cube.picture()[:60],
        },
        sides=None,
        missing=("gone9.png",),
        undecodable=("broken.png",),
    ),
    Case(
        "obj-gone-in-two-spellings",
        _obj("map_Kd maps\\gone10.png\nmap_Ks maps/Gone10.png\nmap_Bump ./maps/gone10.png"),
        sides=None,
        missing=("gone10.png",),
    ),
    Case(
        "obj-library-lfs",
        {"model.obj": texts.obj("mtllib lfs.mtl"), "lfs.mtl": POINTER},
        sides=GREY,
        undecodable=("lfs.mtl",),
    ),
    Case(
        "obj-picture-lfs",
        {**_obj("map_Kd lfs.png"), "lfs.png": POINTER},
        sides=None,
        undecodable=("lfs.png",),
    ),
    Case("obj-nul", _obj("map_Kd a\0b.png"), sides=None, missing=("a",)),
    # Links that lead out of the root are never followed.
    Case(
        "obj-link-out",
        _obj("map_Kd C:\\out.png"),
        {"out.png": "../../outside.png"},
        sides=None,
        missing=("out.png",),
    ),
    Case(
        "obj-folder-out",
        _obj("map_Kd away.png"),
        {"textures": "../../outside"},
        sides=None,
        missing=("away.png",),
    ),
    Case("obj-names-out", _obj("map_Kd ../../outside.png"), sides=None, missing=("outside.png",)),
    Case(
        "obj-library-out",
        _obj("map_Kd lo.png", "lo.png", library="mtllib ../../outside.mtl"),
        outcome="import",
        says="outside the object's own folder",
    ),
    Case(
        "obj-library-posix",
        _obj("map_Kd lp.png", "lp.png", library="mtllib /home/me/Model.mtl"),
        found=("model.mtl",),
    ),
    Case(
        "obj-library-posix-gone",
        {"model.obj": texts.obj("mtllib /home/me/lpg.mtl")},
        sides=GREY,
        missing=("lpg.mtl",),
    ),
)


def _wide(order: str) -> bytes:
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}[order]
    return mark + texts.obj().encode(order)


BOM = "\ufeff"
CLEAR_BESIDE = ((cube.POINTS, "m"), (cube.points(at=(30.0, 0.0, 0.0)), "clear"))
OBJ_TEXTS = (
    Case(
        "obj-bom",
        {
            "model.obj": BOM + texts.obj(),
            "model.mtl": BOM + texts.mtl("map_Kd bom.png"),
            "bom.png": cube.picture(),
        },
    ),
    Case(
        "obj-bom-crlf",
        {
            "model.obj": (BOM + texts.obj()).replace("\n", "\r\n"),
            "model.mtl": (BOM + texts.mtl("map_Kd bom2.png")).replace("\n", "\r\n"),
            "bom2.png": cube.picture(),
        },
    ),
    Case("obj-utf-16-le", {"model.obj": _wide("utf-16-le")}, outcome="import", says="UTF-16"),
    Case("obj-utf-16-be", {"model.obj": _wide("utf-16-be")}, outcome="import", says="UTF-16"),
    Case(
        "obj-lines",
        {
            "model.obj": texts.obj(extra="v 30 0 0\nv 30 30 0\nl 25 26"),
            "model.mtl": texts.mtl("map_Kd l.png"),
            "l.png": cube.picture(),
        },
    ),
    Case(
        "obj-unused-points",
        {
            "model.obj": texts.obj(extra="v 30 0 0\nv -30 30 0"),
            "model.mtl": texts.mtl("map_Kd u.png"),
            "u.png": cube.picture(),
        },
    ),
    Case("obj-colours", {"model.obj": texts.obj("", colours=True)}),
    Case(
        "obj-colours-and-material",
        {
            "model.obj": texts.obj(colours=True),
            "model.mtl": texts.mtl(),
        },
    ),
    Case(
        "obj-clear",
        {"model.obj": texts.obj(), "model.mtl": texts.mtl("d 0.0")},
        sides=None,
        opaque=True,
    ),
    Case(
        "obj-transparent", {"model.obj": texts.obj(), "model.mtl": texts.mtl("Tr 1.0")}, sides=None
    ),
    Case("obj-clear-textured", _obj("d 0\nmap_Kd dk.png", "dk.png"), opaque=True),
    Case(
        "obj-clear-beside",
        {
            "model.obj": texts.obj(pieces=CLEAR_BESIDE),
            "model.mtl": texts.mtl("map_Kd cb.png") + texts.mtl("d 0", name="clear"),
            "cb.png": cube.picture(),
        },
    ),
    Case("obj-no-faces", {"model.obj": "v 0 0 0\nv 1 0 0\nv 0 1 0\n"}, outcome="empty"),
    Case("obj-no-area", {"model.obj": "v 0 0 0\nv 1 0 0\nv 2 0 0\nf 1 2 3\n"}, outcome="empty"),
)
