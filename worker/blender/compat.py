"""All that differs from one Blender to the next (3.2 to 4.5), and what this one has.

What a Blender lacks is found out by asking it, never by its version number, so that a build
without a library (Debian's has no Alembic, USD or OpenImageDenoise) is told apart too. No other
module asks.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from typing import Any

import bpy

from worker.blender import context

# The bpy wheel's add-on modules can be found only after it.
# isort: split
import addon_utils
import numpy as np


@dataclasses.dataclass(frozen=True)
class Operator:
    """One import or export operator and how to use it; options it does not know are left out."""

    operator: str
    options: tuple[tuple[str, Any], ...] = ()
    build_option: str = ""
    needs: str = ""
    """An option that came with the feature asked for; an operator without it will not do."""


_USD = (("create_world_material", False), ("import_textures_mode", "IMPORT_PACK"))
_GLTF = (("import_pack_images", False), ("disable_bone_shape", True))

IMPORTERS: dict[str, tuple[Operator, ...]] = {
    # The first that this Blender has is taken: C++ before Python.
    "glb": (Operator("import_scene.gltf", _GLTF),),
    "gltf": (Operator("import_scene.gltf", _GLTF),),
    "obj": (Operator("wm.obj_import"), Operator("import_scene.obj")),
    # What the one in C++ refuses, the one in Python refuses too, or shows without some faces; and
    # only the first reads text. So the second is for Blenders without the first alone.
    "fbx": (
        Operator("wm.fbx_import"), Operator("import_scene.fbx", (("use_image_search", False),)),
    ),
    "stl": (Operator("wm.stl_import"), Operator("import_mesh.stl")),
    "ply": (Operator("wm.ply_import"), Operator("import_mesh.ply")),
    "dae": (Operator("wm.collada_import", build_option="collada"),),
    "abc": (
        Operator("wm.alembic_import", (("as_background_job", False),), build_option="alembic"),
    ),
    "usd": (Operator("wm.usd_import", _USD, build_option="usd"),),
    "usda": (Operator("wm.usd_import", _USD, build_option="usd"),),
    "usdc": (Operator("wm.usd_import", _USD, build_option="usd"),),
    "usdz": (
        Operator("wm.usd_import", _USD, build_option="usd", needs="import_textures_mode"),
    ),
}  # fmt: skip

OWN_READERS = ("blend", "off")
"""Formats that the worker brings in itself, see `importing`."""
ADD_ONS = ("cycles", "io_scene_gltf2", "io_scene_fbx", "io_scene_obj", "io_mesh_stl", "io_mesh_ply")
VIEW_TRANSFORMS = {"standard": "Standard", "filmic": "Filmic", "agx": "AgX"}
ENGINES = {"cycles": "CYCLES"}
DENOISERS = {"openimagedenoise": "OPENIMAGEDENOISE"}


def start() -> None:
    """Make this Blender safe and ready: factory preferences, no scripts, the add-ons on."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if "bool" not in vars(np):
        # Debian's 3.4 glTF add-on still writes numpy.bool, gone from numpy 1.24 to 1.26.
        vars(np)["bool"] = np.bool_
    preferences: Any = bpy.context.preferences
    preferences.filepaths.use_scripts_auto_execute = False
    preferences.edit.use_global_undo = False
    add_ons: Any = addon_utils
    present = {module.__name__ for module in add_ons.modules()}
    for name in ADD_ONS:
        if name in present and name not in preferences.addons:
            add_ons.enable(name, default_set=True)


def scripts_are_off() -> bool:
    """Whether scripts inside files stay text."""
    preferences: Any = bpy.context.preferences
    return not preferences.filepaths.use_scripts_auto_execute


def version() -> str:
    """This Blender, as it calls itself: "4.5.15 LTS"."""
    return str(bpy.app.version_string)


@functools.cache
def importer(suffix: str) -> Operator | None:
    """The importer this Blender has for files of `suffix`, or None."""
    for candidate in IMPORTERS.get(suffix, ()):
        known = options_of(candidate.operator)
        built = getattr(bpy.app.build_options, candidate.build_option or "cycles", True)
        if known and (built or not candidate.build_option) and candidate.needs in {"", *known}:
            return candidate
    return None


@functools.cache
def formats() -> tuple[str, ...]:
    """Suffixes, without a dot, that can be read here; some need no importer of Blender's."""
    return tuple(sorted([*OWN_READERS, *(suffix for suffix in IMPORTERS if importer(suffix))]))


@functools.cache
def options_of(operator: str) -> frozenset[str]:
    """Names of the options of "wm.obj_import" and its like; empty where there is no such thing."""
    try:
        kind = _operator(operator).get_rna_type()
    except KeyError:
        return frozenset()
    return frozenset(option.identifier for option in kind.properties)


@functools.cache
def gltf_extensions() -> frozenset[str]:
    """Extensions that this Blender's glTF importer knows; empty where it does not say.

    Without Draco's library, which it may have been packaged without, it cannot read that one.
    """
    try:
        reader: Any = importlib.import_module("io_scene_gltf2.io.imp.gltf2_io_gltf")
        known = frozenset(
            reader.glTFImporter("", {"import_user_extensions": []}).extensions_managed
        )
    except (ImportError, AttributeError, KeyError, TypeError):
        return frozenset()
    for name in ("draco", "gltf2_io_draco_compression_extension"):  # the second until 4.1
        try:
            draco: Any = importlib.import_module(f"io_scene_gltf2.io.com.{name}")
        except ImportError:
            continue
        return known if draco.dll_exists(quiet=True) else known - {"KHR_draco_mesh_compression"}
    return known


def run(chosen: Operator, filepath: str, options: dict[str, Any]) -> bool:
    """Read or write a file with those `options` the operator knows; whether it finished.

    Raises: RuntimeError with the operator's report, or whatever an add-on raises.
    """
    wanted = {**dict(chosen.options), **options}
    known = options_of(chosen.operator)
    given = {name: value for name, value in wanted.items() if name in known}
    return "FINISHED" in _operator(chosen.operator)(filepath=filepath, **given)


def _operator(name: str) -> Any:
    module, function = name.split(".")
    return getattr(getattr(bpy.ops, module), function)


@functools.cache
def view_transforms() -> tuple[str, ...]:
    """Those of VIEW_TRANSFORMS that this Blender's colour configuration has."""
    settings = context.view_settings(context.scene())
    before = settings.view_transform
    found = tuple(
        key for key, name in VIEW_TRANSFORMS.items() if _takes(settings, "view_transform", name)
    )
    settings.view_transform = before
    return found


def engines() -> tuple[str, ...]:
    """Render engines of the recipe that are here."""
    scene = context.scene()
    return tuple(key for key, name in ENGINES.items() if _takes(scene.render, "engine", name))


@functools.cache
def denoisers() -> tuple[str, ...]:
    """Those of DENOISERS that Cycles was built with."""
    settings: Any = getattr(bpy.context.scene, "cycles", None)
    if settings is None:
        return ()
    return tuple(key for key, name in DENOISERS.items() if _takes(settings, "denoiser", name))


def _takes(owner: Any, name: str, value: str) -> bool:
    try:
        setattr(owner, name, value)
    except TypeError:
        return False
    return True


def assign(owner: Any, values: dict[str, Any]) -> None:
    """Set those of `values` that `owner` has: settings come and go with the versions."""
    for name, value in values.items():
        if hasattr(owner, name):
            setattr(owner, name, value)


def without_shadow(light: Any) -> None:
    """Let `light` shine through everything. Cycles had a switch of its own before 4.x."""
    light.use_shadow = False
    assign(light.cycles, {"cast_shadow": False})


def devices(kind: str) -> list[str]:
    """Names of the Cycles devices of `kind` ("cuda", "optix"), switched on, the others off."""
    context: Any = bpy.context
    preferences = context.preferences.addons["cycles"].preferences
    if not _takes(preferences, "compute_device_type", kind.upper()):
        return []
    names = []
    for device in preferences.get_devices_for_type(kind.upper()):
        device.use = device.type == kind.upper()
        if device.use:
            names.append(device.name)
    return names


def socket(node: Any, *names: str) -> Any:
    """The input socket of `node` that carries one of `names`: they were renamed in 4.0."""
    return next(node.inputs[name] for name in names if name in node.inputs)


def shapes() -> list[Any]:
    """All data of objects that may carry materials. Curves of hair came with 3.3."""
    kinds = ("meshes", "curves", "metaballs", "hair_curves", "pointclouds", "volumes")
    return [data for kind in kinds for data in getattr(bpy.data, kind, ())]


def name_aov(node: Any, name: str) -> None:
    """Tell an AOV output node which pass it writes: until 4.0 by its own name."""
    if "aov_name" in node.bl_rna.properties:
        node.aov_name = name
    else:
        node.name = name


GROUP_SOCKETS = {"RGBA": "NodeSocketColor", "VECTOR": "NodeSocketVector"}


def add_group_socket(tree: Any, side: str, like: Any) -> str:
    """Give a node group one more socket ("INPUT" or "OUTPUT") of the kind of `like`.

    Returns: its identifier, the same inside the group and on the nodes that use it.
    """
    kind = GROUP_SOCKETS.get(like.type, "NodeSocketFloat")
    if hasattr(tree, "interface"):  # since 4.0
        return str(tree.interface.new_socket("surface", in_out=side, socket_type=kind).identifier)
    sockets = tree.inputs if side == "INPUT" else tree.outputs
    return str(sockets.new(kind, "surface").identifier)


def clear_passes(layer: Any) -> None:
    """Switch off every render pass of a view layer."""
    for owner in (layer, getattr(layer, "cycles", None), getattr(layer, "eevee", None)):
        if owner is None:
            continue
        for name in dir(owner):
            if name.startswith("use_pass_"):
                setattr(owner, name, False)


def displaces() -> bool:
    """Whether a material moves the surface it is on, which no vertex tells."""
    # The setting was Cycles' own until 4.1.
    for material in list(bpy.data.materials):
        owner: Any = material if hasattr(material, "displacement_method") else material.cycles
        if owner.displacement_method != "BUMP":
            return True
    return False


def curves(action: Any) -> list[Any]:
    """Every F-curve of an action; of layers and slots since 4.4."""
    found: list[Any] = [] if hasattr(action, "layers") else list(action.fcurves)
    for layer in getattr(action, "layers", ()):
        for strip in layer.strips:
            found += [curve for bag in strip.channelbags for curve in bag.fcurves]
    return found


def fill_triangles(mesh: Any, points: Any, triangles: Any) -> None:
    """Make an empty mesh one of `points` (V,3) and `triangles` (T,3)."""
    fill_faces(mesh, points, triangles.ravel(), np.full(len(triangles), 3, np.int32))


def fill_faces(mesh: Any, points: Any, corners: Any, sizes: Any) -> None:
    """Make an empty mesh one of `points` (V,3), and faces of `sizes` (F,) corners each.

    corners: the points (L,) at the corners of all faces, one face after the other.
    """
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(points, np.float32).ravel())
    mesh.loops.add(len(corners))
    mesh.loops.foreach_set("vertex_index", corners.astype(np.int32))
    mesh.polygons.add(len(sizes))
    starts = np.cumsum(sizes, dtype=np.int32) - np.asarray(sizes, np.int32)
    mesh.polygons.foreach_set("loop_start", starts)
    kind: Any = bpy.types.MeshPolygon
    if not kind.bl_rna.properties["loop_total"].is_readonly:  # until 4.1
        mesh.polygons.foreach_set("loop_total", np.asarray(sizes, np.int32))
    mesh.update(calc_edges=True)


def corner_normals(mesh: Any) -> Any:
    """Shading normals (L,3) of a mesh's corners, its own among them."""
    if hasattr(mesh, "corner_normals"):  # since 4.1
        source, name = mesh.corner_normals, "vector"
    else:
        mesh.calc_normals_split()
        source, name = mesh.loops, "normal"
    normals = np.empty(3 * len(source), np.float32)
    source.foreach_get(name, normals)
    return normals.reshape(-1, 3)


def set_corner_normals(mesh: Any, normals: Any) -> None:
    """Give a mesh's corners the shading normals (L,3); where they are 0, its faces' own."""
    assign(mesh, {"use_auto_smooth": True})  # until 4.1 they count only so
    mesh.normals_split_custom_set(normals.tolist())
