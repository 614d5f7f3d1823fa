"""All differences between Blender versions (3.2 to 5.2), and the features of the running one.

Features are detected by querying Blender, never by its version number, so that builds without a
library are recognised too: Debian's has no Alembic, USD or OpenImageDenoise. No other module
checks for versions or features, but `usd_modules`.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
from typing import Any

import bpy

from worker.blender import context

# With the bpy wheel, add-on modules can be imported only after bpy.
# isort: split
import addon_utils
import numpy as np


@dataclasses.dataclass(frozen=True)
class Operator:
    """One import or export operator and its options; options it does not know are dropped."""

    operator: str
    options: tuple[tuple[str, Any], ...] = ()
    build_option: str = ""
    needs: str = ""
    """An option that shows that a feature is present; an operator without it is not used."""


_USD = (("create_world_material", False), ("import_textures_mode", "IMPORT_PACK"))
_FBX = (("use_image_search", False),)
_GLTF = (("import_pack_images", False), ("disable_bone_shape", True))

IMPORTERS: dict[str, tuple[Operator, ...]] = {
    # The first operator that this Blender has is used; C++ importers come before Python ones.
    "glb": (Operator("import_scene.gltf", _GLTF),),
    "gltf": (Operator("import_scene.gltf", _GLTF),),
    "obj": (Operator("wm.obj_import"), Operator("import_scene.obj")),
    # The Python importer is used only if the C++ one is missing. It is no fallback for rejected
    # files: it rejects them too, or drops some of their faces. Only the C++ one reads text FBX.
    "fbx": (Operator("wm.fbx_import"), Operator("import_scene.fbx", _FBX)),
    "stl": (Operator("wm.stl_import"), Operator("import_mesh.stl")),
    "ply": (Operator("wm.ply_import"), Operator("import_mesh.ply")),
    "dae": (Operator("wm.collada_import", (), "collada"),),  # until 4.5
    "abc": (Operator("wm.alembic_import", (("as_background_job", False),), "alembic"),),
    "usd": (Operator("wm.usd_import", _USD, "usd"),),
    "usda": (Operator("wm.usd_import", _USD, "usd"),),
    "usdc": (Operator("wm.usd_import", _USD, "usd"),),
    "usdz": (Operator("wm.usd_import", _USD, "usd", "import_textures_mode"),),
}  # fmt: skip

OWN_READERS = ("blend", "off")
"""Formats that the worker imports itself, see `importing`."""
ADD_ONS = ("cycles", "io_scene_gltf2", "io_scene_fbx", "io_scene_obj", "io_mesh_stl", "io_mesh_ply")
VIEW_TRANSFORMS = {"standard": "Standard", "filmic": "Filmic", "agx": "AgX"}
ENGINES = {
    "cycles": ("CYCLES",),
    "eevee": ("BLENDER_EEVEE_NEXT", "BLENDER_EEVEE"),  # the first from 4.2 to 4.5
    "workbench": ("BLENDER_WORKBENCH",),
}  # the first identifier that this Blender has is used
DENOISERS = {"openimagedenoise": "OPENIMAGEDENOISE"}


def start() -> None:
    """Initialise Blender: factory preferences, scripts disabled, required add-ons enabled."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if "bool" not in vars(np):
        # The glTF add-on of Debian's 3.4 uses numpy.bool, which numpy 1.24 to 1.26 lack.
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
    """Whether Blender is set not to run scripts in files."""
    preferences: Any = bpy.context.preferences
    return not preferences.filepaths.use_scripts_auto_execute


def version() -> str:
    """Blender's version string, such as "4.5.15 LTS"."""
    return str(bpy.app.version_string)


@functools.cache
def importer(suffix: str) -> Operator | None:
    """The import operator of this Blender for files of `suffix`, or None."""
    for candidate in IMPORTERS.get(suffix, ()):
        known = options_of(candidate.operator)
        built = getattr(bpy.app.build_options, candidate.build_option or "cycles", True)
        if known and (built or not candidate.build_option) and candidate.needs in {"", *known}:
            return candidate
    return None


@functools.cache
def formats() -> tuple[str, ...]:
    """Suffixes, without a dot, that can be imported, including those of the worker's readers."""
    return tuple(sorted([*OWN_READERS, *(suffix for suffix in IMPORTERS if importer(suffix))]))


@functools.cache
def options_of(operator: str) -> frozenset[str]:
    """Names of the options of an operator such as "wm.obj_import"; empty if it does not exist."""
    try:
        kind = _operator(operator).get_rna_type()
    except KeyError:
        return frozenset()
    return frozenset(option.identifier for option in kind.properties)


@functools.cache
def gltf_extensions() -> frozenset[str]:
    """Extensions that this Blender's glTF importer supports; empty if they cannot be queried.

    Draco compression is left out if this build does not include the Draco library.
    """
    try:
        reader: Any = importlib.import_module("io_scene_gltf2.io.imp.gltf2_io_gltf").glTFImporter
        known = frozenset(reader("", {"import_user_extensions": []}).extensions_managed)
    except (ImportError, AttributeError, KeyError, TypeError):
        return frozenset()
    for name in ("draco", "gltf2_io_draco_compression_extension"):  # the second name until 4.1
        try:
            draco: Any = importlib.import_module(f"io_scene_gltf2.io.com.{name}")
        except ImportError:
            continue
        return known if draco.dll_exists(quiet=True) else known - {"KHR_draco_mesh_compression"}
    return known


def run(chosen: Operator, filepath: str, options: dict[str, Any]) -> bool:
    """Run an import or export operator with those of `options` that it knows.

    Returns: whether it finished.
    Raises: RuntimeError with the operator's report, or any exception that an add-on raises.
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
    """The keys of VIEW_TRANSFORMS that this Blender's colour configuration has."""
    settings = context.view_settings(context.scene())
    before = settings.view_transform
    found = tuple(
        key for key, name in VIEW_TRANSFORMS.items() if _takes(settings, "view_transform", name)
    )
    settings.view_transform = before
    return found


def engines() -> tuple[str, ...]:
    """The keys of ENGINES that this Blender has."""
    render: Any = context.scene().render
    before = render.engine
    found = tuple(engine for engine in ENGINES if set_engine(engine))
    render.engine = before
    return found


def set_engine(engine: str) -> bool:
    """Let the scene be rendered by a key of ENGINES. Returns: whether this Blender has it."""
    render: Any = context.scene().render
    return any(_takes(render, "engine", name) for name in ENGINES[engine])


def engines_of_exact_depth() -> tuple[str, ...]:
    """Those of `engines` whose depth has 32 bits: all but the EEVEE before 4.2."""
    kind: Any = bpy.types.Material
    old = "surface_render_method" not in kind.bl_rna.properties
    return tuple(engine for engine in engines() if not (old and engine == "eevee"))


def draw_through(material: Any) -> None:
    """Let EEVEE show by alpha what is behind a surface; what it blends is in no data pass."""
    hashed = {"surface_render_method": "DITHERED"}
    if not hasattr(material, "surface_render_method"):
        hashed = {"blend_method": "HASHED", "shadow_method": "HASHED"}
    assign(material, {**hashed, "use_backface_culling": False})  # nodes hide backs (`backfaces`)


@functools.cache
def denoisers() -> tuple[str, ...]:
    """The keys of DENOISERS that Cycles was built with."""
    settings: Any = getattr(bpy.context.scene, "cycles", None)
    known = DENOISERS.items() if settings else ()
    return tuple(key for key, name in known if _takes(settings, "denoiser", name))


def _takes(owner: Any, name: str, value: str) -> bool:
    try:
        setattr(owner, name, value)
    except TypeError:
        return False
    return True


def assign(owner: Any, values: dict[str, Any]) -> None:
    """Set those of `values` that exist on `owner`; settings differ between versions."""
    for name, value in values.items():
        if hasattr(owner, name):
            setattr(owner, name, value)


def set_sampling_pattern(cycles: Any, *, denoised: bool) -> None:
    """Choose tabulated Sobol, and Blender's own choice for a denoiser, which is made for it.

    With adaptive sampling tabulated Sobol is 0.3 dB less noisy than blue noise, the default of 4.5.
    Blenders before 3.5 have it alone, under another name.
    """
    if hasattr(cycles, "sampling_pattern"):
        _takes(cycles, "sampling_pattern", "AUTOMATIC" if denoised else "TABULATED_SOBOL")


def without_shadow(light: Any) -> None:
    """Disable the shadows of `light`. Cycles had its own setting before 4.x."""
    light.use_shadow = False
    assign(light.cycles, {"cast_shadow": False})


def devices(kind: str) -> list[str]:
    """Enable the Cycles devices of `kind` ("cuda", "optix") and disable all others.

    Returns: the names of the enabled devices.
    """
    context: Any = bpy.context
    preferences = context.preferences.addons["cycles"].preferences
    if not _takes(preferences, "compute_device_type", kind.upper()):
        return []
    found = list(preferences.get_devices_for_type(kind.upper()))
    for device in found:
        device.use = device.type == kind.upper()
    return [device.name for device in found if device.use]


def socket(node: Any, *names: str) -> Any:
    """The input socket of `node` called by one of `names`; sockets were renamed in 4.0."""
    return next(node.inputs[name] for name in names if name in node.inputs)


def read_image_from(image: Any, path: str) -> None:
    """Let `image` be read from another file. 5.0's FBX importer makes it a test picture."""
    if image.type == "UV_TEST" and image.source == "FILE":
        image.source = "GENERATED"
        image.source = "FILE"
    image.filepath = path


def shapes() -> list[Any]:
    """All object data that can have materials. Hair curves were added in 3.3."""
    kinds = ("meshes", "curves", "metaballs", "hair_curves", "pointclouds", "volumes")
    return [data for kind in kinds for data in getattr(bpy.data, kind, ())]


def name_aov(node: Any, name: str) -> None:
    """Set the pass that an AOV output node writes; until 4.0 it was the node's own name."""
    setattr(node, "aov_name" if "aov_name" in node.bl_rna.properties else "name", name)


GROUP_SOCKETS = {"RGBA": "NodeSocketColor", "VECTOR": "NodeSocketVector"}


def add_group_socket(tree: Any, side: str, like: Any) -> str:
    """Add a socket to a node group on `side` ("INPUT" or "OUTPUT"), of the type of `like`.

    Returns: its identifier, which is the same in the group and on the nodes that use it.
    """
    kind = GROUP_SOCKETS.get(like.type, "NodeSocketFloat")
    if hasattr(tree, "interface"):  # since 4.0
        return str(tree.interface.new_socket("surface", in_out=side, socket_type=kind).identifier)
    sockets = tree.inputs if side == "INPUT" else tree.outputs
    return str(sockets.new(kind, "surface").identifier)


def set_image_format(settings: Any, values: dict[str, Any]) -> None:
    """Choose how the next image is written: `values` are Blender's image settings.

    Since 5.0 a format can be chosen only among those of its media type, and a multilayer EXR has a
    part for each pass unless their channels are interleaved; before, it always had one part.
    """
    several = values["file_format"] == "OPEN_EXR_MULTILAYER"
    assign(settings, {"media_type": "MULTI_LAYER_IMAGE" if several else "IMAGE"})
    for name, value in values.items():
        setattr(settings, name, value)
    assign(settings, {"use_exr_interleave": True})


def without_compositing(scene: Any) -> None:
    """Take the compositor's nodes from `scene`. Since 5.0 they are a node group that it uses."""
    if hasattr(scene, "compositing_node_group"):
        scene.compositing_node_group = None
    else:
        scene.use_nodes = False


def bare_surfaces_reflect() -> bool:
    """Whether what has no material is shown as a material of nodes is, since 5.0: with a gloss."""
    return hasattr(context.scene(), "compositing_node_group")


def set_world_colour(world: Any, grey: float) -> None:
    """Set the colour of a new world. Since 5.0 it has nodes, which its own colour is not."""
    world.color = (grey, grey, grey)
    for node in world.node_tree.nodes if world.node_tree else ():
        if node.type == "BACKGROUND":
            node.inputs["Color"].default_value = (grey, grey, grey, 1.0)


def clear_passes(layer: Any) -> None:
    """Disable all render passes of a view layer."""
    for owner in (layer, getattr(layer, "cycles", None), getattr(layer, "eevee", None)):
        passes = [name for name in dir(owner) if name.startswith("use_pass_")]
        assign(owner, dict.fromkeys(passes, False))


def displaces() -> bool:
    """Whether a material may displace its surface, which the vertices do not show."""
    # Until 4.1 the setting belonged to Cycles.
    for material in list(bpy.data.materials):
        owner: Any = material if hasattr(material, "displacement_method") else material.cycles
        if owner.displacement_method != "BUMP":
            return True
    return False


def curves(action: Any) -> list[Any]:
    """All F-curves of an action; since 4.4 they are stored by layer and slot."""
    return [curve for group in curve_groups(action) for curve in group]


def curve_groups(action: Any) -> list[Any]:
    """The collections of an action's F-curves, to which curves can be added."""
    if not hasattr(action, "layers"):
        return [action.fcurves]
    strips = [strip for layer in action.layers for strip in layer.strips]
    return [bag.fcurves for strip in strips for bag in strip.channelbags]


def fill_triangles(mesh: Any, points: Any, triangles: Any) -> None:
    """Fill an empty mesh with `points` (V,3) and `triangles` (T,3) of vertex indices."""
    fill_faces(mesh, points, triangles.ravel(), np.full(len(triangles), 3, np.int32))


def fill_faces(mesh: Any, points: Any, corners: Any, sizes: Any) -> None:
    """Fill an empty mesh with `points` (V,3), and faces with `sizes` (F,) corners each.

    corners: the vertex indices (L,) of the corners of all faces, face by face.
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
    """Shading normals (L,3) of a mesh's corners, custom normals included."""
    if hasattr(mesh, "corner_normals"):  # since 4.1
        source, name = mesh.corner_normals, "vector"
    else:
        mesh.calc_normals_split()
        source, name = mesh.loops, "normal"
    normals = np.empty(3 * len(source), np.float32)
    source.foreach_get(name, normals)
    return normals.reshape(-1, 3)


def set_corner_normals(mesh: Any, normals: Any) -> None:
    """Set the custom normals (L,3) of a mesh's corners; where they are 0, Blender's own apply."""
    assign(mesh, {"use_auto_smooth": True})  # until 4.1 custom normals require it
    mesh.normals_split_custom_set(normals.tolist())
