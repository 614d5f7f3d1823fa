"""glTF and GLB: names of files, what nobody sees, clear shells, hulls, instances."""

from __future__ import annotations

import numpy as np

from tests.truth import cube, gltf
from tests.truth.cases.case import THREE, TWO, Case, Files


def _linked(uri: str, place: str, *, buffer: str = "", data_at: str = "model.bin") -> Files:
    made = gltf.one_cube(uri)
    files: dict[str, str | bytes] = {"model.gltf": made.gltf(buffer)}
    files[place] = cube.picture()
    if buffer:
        files[data_at] = made.data
    return files


def _gltf(name: str, uri: str, place: str) -> Case:
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
    Case(
        "gltf-escaped",
        _linked("my%20wood.png", "my wood.png"),
        model="model.gltf",
        found=("my wood.png",),
    ),
    Case(
        "gltf-percent",
        _linked("C:/x/50%25%20off.png", "50% off.png"),
        model="model.gltf",
        found=("50% off.png",),
    ),
    Case(
        "glb-outside",
        {"model.glb": gltf.one_cube("C:\\Users\\me\\Wood9.png").glb(), "wood9.png": cube.picture()},
        model="model.glb",
        found=("wood9.png",),
    ),
    Case(
        "gltf-buffer-case",
        _linked("w5.png", "w5.png", buffer="Model.BIN"),
        model="model.gltf",
        found=("model.bin",),
    ),
    Case(
        "gltf-buffer-windows",
        _linked("w6.png", "w6.png", buffer="C:\\me\\model.bin"),
        model="model.gltf",
        found=("model.bin",),
    ),
    Case(
        "gltf-buffer-below",
        _linked("w7.png", "w7.png", buffer="model7.bin", data_at="bin/model7.bin"),
        model="model.gltf",
        found=("bin/model7.bin",),
    ),
    Case(
        "gltf-buffer-gone",
        {"model.gltf": gltf.one_cube().gltf("gone7.bin")},
        model="model.gltf",
        outcome="import",
        says="gone7.bin",
    ),
    Case(
        "gltf-gone",
        {"model.gltf": gltf.one_cube("gone8.png").gltf()},
        model="model.gltf",
        sides=None,
        missing=("gone8.png",),
    ),
    Case("glb-lines", {"model.glb": _unseen_gltf(gltf.LINES)}, model="model.glb"),
    Case("glb-line-strip", {"model.glb": _unseen_gltf(3)}, model="model.glb"),
    Case("glb-line-loop", {"model.glb": _unseen_gltf(2)}, model="model.glb"),
    Case("glb-points", {"model.glb": _unseen_gltf(0)}, model="model.glb"),
    Case("glb-lines-apart", {"model.glb": _unseen_gltf(gltf.LINES, node=True)}, model="model.glb"),
    Case("glb-collider", {"model.glb": _clear_gltf(**TRANSPARENT)}, model="model.glb"),
    Case(
        "glb-cut-out",
        {"model.glb": _clear_gltf(**CUT_OUT)},
        model="model.glb",
        unlike={"debian": "its importer leaves cut-outs soft"},
    ),
    Case("glb-shells-2", {"model.glb": _shells(2)}, model="model.glb"),
    Case("glb-shells-8", {"model.glb": _shells(8)}, model="model.glb"),
    Case("glb-shells-24", {"model.glb": _shells(24)}, model="model.glb"),
    Case("glb-hull", {"model.glb": _hull(double_sided=False)}, model="model.glb"),
    Case(
        "glb-hull-double",
        {"model.glb": _hull(double_sided=True)},
        model="model.glb",
        sides=(0, 0, 0),
    ),
    Case(
        "glb-instances",
        {"model.glb": _instances(3, 1e-3)},
        model="model.glb",
        spans=THREE,
        sides=None,
    ),
    Case(
        "glb-instances-large",
        {"model.glb": _instances(2, 1e4)},
        model="model.glb",
        spans=TWO,
        sides=None,
    ),
    Case("glb-unlit", {"model.glb": _unlit()}, model="model.glb"),
)
