"""A recipe: all settings of a render. Each key is declared once, here or in its section's file."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, Union

from worker.contract import backgrounds
from worker.contract.engines import CYCLES, ENGINES
from worker.contract.mesh_keys import Mesh
from worker.contract.omage_keys import Omage
from worker.contract.scene_keys import Scenes
from worker.contract.schema import build, key, section
from worker.contract.view_keys import Preview, Splits

PRODUCTS = ("views", "omage", "scenes")
"""What a run makes of objects: images from many sides, an object image, or scenes of several."""
MESH = "mesh"
EXTRA_PRODUCTS = (MESH,)
"""What it makes beside that: the object's mesh."""
COLOUR_IMAGES = ("colour", "colour-exr")
DEPTH_IMAGES = ("depth", "depth-exr", "depth-npy", "depth-f16")
NORMAL_IMAGES = ("normal", "normal-16", "normal-exr")
MATERIAL_IMAGES = ("albedo", "alpha", "metallic", "roughness")
OTHER_IMAGES = ("mask", "index-object", "index-material", "position-exr")
IMAGES = (*COLOUR_IMAGES, *DEPTH_IMAGES, *NORMAL_IMAGES, *MATERIAL_IMAGES, *OTHER_IMAGES)
"""Image kinds; `worker.contract.render_passes` says what each is made from."""
VIEW_RECORDS = (
    "cameras", "npy-3x4", "gpt4point", "transforms", "nerf-synthetic", "get3d", "nsvf",
    "nerfstudio", "instant-ngp", "zeronvs", "trellis",
)  # fmt: skip
CAMERA_LAYOUTS = (
    "shell",
    "sphere",
    "hemisphere",
    "hammersley",
    "ring",
    "turntable",
    "fixed",
    "get3d",
    "list",
    "file",
)
DENOISER = "openimagedenoise"
"""The denoiser of `cycles.denoise`, by its name in `protocol.Ready`."""
RIGS = (
    "four-suns", "studio", "shap-e", "uniform", "environment", "area", "trellis", "own", "none",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Camera:
    """How cameras are placed. World: Z up; the object is centred on the origin."""

    layout: str = key("shell", "camera layout: how viewpoints are placed", choices=CAMERA_LAYOUTS)
    projection: str = key(
        "perspective", "projection of the camera", choices=("perspective", "orthographic")
    )
    fov: tuple[float, float] = key(
        (49.1343, 49.1343),
        "horizontal field of view, drawn for each view; a single number fixes it",
        low=0.1,
        high=179.0,
        unit="degree",
    )
    fov_law: str = key(
        "uniform",
        "what is drawn uniformly: the angle, or the squared sine of half the angle (TRELLIS)",
        choices=("uniform", "sine-squared"),
    )
    ortho_scale: float = key(
        1.2, "width shown by an orthographic image", low=1e-6, high=1e6, unit="world unit"
    )
    distance: str = key(
        "drawn",
        "drawn: from radius; cube: the sphere around the unit cube exactly fits the field of view "
        "(TRELLIS); fit: the object fills the frame up to the margin and is never cropped; "
        "fit-all: one distance for all views, so that none is cropped",
        choices=("drawn", "cube", "fit", "fit-all"),
    )
    radius: tuple[float, float] = key(
        (1.5, 2.2),
        "distance from the origin, drawn uniformly; a single number fixes it",
        low=0.01,
        high=1000.0,
        unit="world unit",
    )
    margin: tuple[float, float] = key(
        (0.05, 0.05),
        "share of the frame's half left free on each side by 'fit', drawn; one number fixes it",
        low=0.0,
        high=0.9,
    )
    max_height: float = key(
        2.2,
        "layout shell: a camera with larger |z| is drawn again",
        low=0.0,
        high=1000.0,
        unit="world unit",
    )
    min_height: float = key(
        -1000.0, "layout shell: a camera with smaller z is drawn again", low=-1000.0, high=1000.0,
        unit="world unit",
    )  # fmt: skip
    northern: bool = key(False, "only viewpoints with z >= 0 (a negative z is made positive)")
    elevation: tuple[float, float] = key(
        (0.0, 30.0),
        "angle above the horizon: ring and get3d draw it, turntable goes from first to last",
        low=-90.0,
        high=90.0,
        unit="degree",
    )
    share_below: float = key(
        0.5, "layout hammersley: share of the views below the horizon", low=0.001, high=0.999
    )
    azimuth: float = key(
        0.0, "layouts ring and turntable: azimuth of view 0, from +X to +Y; layout list: added to "
        "each of azimuths", low=-360.0, high=360.0, unit="degree",
    )  # fmt: skip
    azimuths: tuple[float, ...] = key(
        (), "layout list: azimuth of each view, from +X to +Y", low=-360.0, high=360.0,
        unit="degree",
    )  # fmt: skip
    elevations: tuple[float, ...] = key(
        (), "layout list: elevation of each view, or one for all", low=-90.0, high=90.0,
        unit="degree",
    )  # fmt: skip
    fixed: tuple[tuple[float, float, float], ...] = key(
        (),
        "layout fixed: camera positions, in order; distances cube and fit use only the directions",
        low=-1000.0,
        high=1000.0,
        unit="world unit",
    )
    file: str = key(
        "",
        "layout file: camera-to-world matrices (OpenGL axes, the normalised world), and K if it "
        "has them, as NPY, a JSON list, transforms.json or cameras.json; relative to the preset's "
        "file",
    )
    target: tuple[float, float, float] = key(
        (0.0, 0.0, 0.0), "the point that cameras look at, and from which radius and heights are "
        "measured", low=-1000.0, high=1000.0, unit="world unit",
    )  # fmt: skip
    roll: tuple[float, float] = key(
        (0.0, 0.0), "turn of the camera about its axis, anticlockwise as seen from behind it, "
        "drawn for each view; one number fixes it", low=-360.0, high=360.0, unit="degree",
    )  # fmt: skip
    baseline: float = key(
        0.0,
        "stereo: distance between the parallel left and right camera of each viewpoint; views "
        "counts both, left first; 0: one camera",
        low=0.0,
        high=1000.0,
        unit="world unit",
    )


@dataclasses.dataclass(frozen=True)
class Lights:
    """What lights the object."""

    rig: str = key(
        "four-suns",
        "which lights; studio: two opposite suns in a soft dome, and soft boxes for what reflects "
        "(metal, glass, smooth surfaces); own: the file's lamps (four-suns if none shines; worlds "
        "are not read); metadata's runtime.lights says which",
        choices=RIGS,
    )
    strength: float = key(1.0, "factor on all lights", low=0.0, high=1e6)
    environment: str = key(
        "",
        "rig environment: an equirectangular image (HDR or EXR), relative to the preset's file",
    )
    environments: str = key(
        "",
        "rig environment: a folder of such images, one drawn for each object, relative to the "
        "preset's file; metadata's runtime.environment says which",
    )
    environment_turn: float = key(
        0.0, "rotation of the environment about Z", low=-360.0, high=360.0, unit="degree"
    )
    area_power: tuple[float, float] = key(
        (300.0, 600.0), "rig area: power, drawn", low=0.0, high=1e9, unit="W"
    )
    area_side: float = key(
        100.0, "rig area: length of its side", low=1e-3, high=1e4, unit="world unit"
    )
    area_low: tuple[float, float, float] = key(
        (-1.0, -1.0, 0.5),
        "rig area: it shines down from a position drawn between this corner…",
        low=-1000.0,
        high=1000.0,
        unit="world unit",
    )
    area_high: tuple[float, float, float] = key(
        (1.0, 1.0, 1.5), "…and this one", low=-1000.0, high=1000.0, unit="world unit"
    )
    startup_light: bool = key(
        False, "rig area: add the point light of Blender's startup scene (1000 W)"
    )


@dataclasses.dataclass(frozen=True)
class Subject:
    """How the object is prepared for rendering."""

    merge_vertices: bool = key(True, "weld equal vertices when importing glTF")
    one_colour: tuple[str, ...] = key(
        (), "formats whose objects get one random colour instead of their materials"
    )
    backfaces: str = key(
        "file",
        "backs of single-sided faces; file: hidden where the file says so (glTF does)",
        choices=("file", "shown", "hidden"),
    )
    points: float = key(
        0.0,
        "points without a face are shown as spheres of this diameter; 0: not at all",
        low=0.0,
        high=1.0,
        unit="share of the points' longest side",
    )
    normalise: str = key(
        "unit-cube",
        "unit-cube: scale the longest side to 1; unit-sphere: scale the farthest vertex to 1 from "
        "the bounding box's centre; none: keep size and position",
        choices=("unit-cube", "unit-sphere", "none"),
    )
    size: float = key(
        1.0, "size that normalise scales to instead of 1", low=1e-3, high=1000.0, unit="world unit"
    )
    pose: str = key(
        "imported",
        "imported: at the file's own frame; rest: armatures and shape keys at rest; frame: at "
        "one frame; spread: the views go evenly through the animation",
        choices=("imported", "rest", "frame", "spread"),
    )
    frame: Union[int, Literal["file"]] = key(
        "file",
        "the frame of pose frame; file: the one that the file was saved at",
        low=-1048574,
        high=1048574,
    )
    least_alpha: float = key(
        0.002,
        "surfaces of less alpha are absent from data images (0.002: under 1/255); 0: none is",
        low=0.0,
        high=1.0,
    )


@dataclasses.dataclass(frozen=True)
class Cycles:
    """Settings of the path tracer."""

    denoise: bool = key(
        False,
        "use OpenImageDenoise if this Blender has it; leaves a fringe at silhouettes",
    )
    filter_width: float = key(1.0, "pixel filter width", low=0.01, high=10.0, unit="pixel")
    adaptive: bool = key(False, "adaptive sampling: stop sampling where the noise is low")
    adaptive_threshold: float = key(
        0.01, "adaptive sampling: noise that counts as low", low=1e-5, high=1.0
    )
    adaptive_least: int = key(
        0,
        "adaptive sampling: minimum number of samples, also for alpha and data, whose noise it "
        "ignores; 0: chosen by Cycles",
        low=0,
        high=4096,
    )
    diffuse_bounces: int = key(1, "diffuse bounces", low=0, high=1024)
    glossy_bounces: int = key(1, "glossy bounces", low=0, high=1024)
    transparent_bounces: int = key(64, "transparent surfaces a ray may cross", low=0, high=1024)
    transmission_bounces: int = key(3, "transmission bounces", low=0, high=1024)


@dataclasses.dataclass(frozen=True)
class Colour:
    """How colour images are encoded. Data images never pass a view transform."""

    view_transform: str = key(
        "standard", "view transform of colour images", choices=("standard", "filmic", "agx")
    )
    exposure: float = key(
        0.0, "stops added before the view transform", low=-16.0, high=16.0, unit="stop"
    )
    background: str = key(
        "transparent",
        "background of 8-bit colour images: transparent, white, black, #rrggbb or [r, g, b] of 0 "
        "to 255 (sRGB); if it is not transparent they have three channels",
        parse=backgrounds.parse,
    )


@dataclasses.dataclass(frozen=True)
class Depth:
    """How depth is encoded. Depth is planar Z, in world units, of the pixel's centre."""

    mode: str = key(
        "fixed",
        "range of 16-bit depth: near and far, or each view's own (stored in its metadata)",
        choices=("fixed", "per-view"),
    )
    near: float = key(0.0, "depth stored as 0", low=0.0, high=1e6, unit="world unit")
    far: float = key(5.0, "depth stored as 65535", low=1e-6, high=1e6, unit="world unit")
    invalid: int = key(
        65535, "16-bit value where nothing is visible; never stored for a depth", low=0, high=65535
    )


@dataclasses.dataclass(frozen=True)
class Normal:
    """How normals are encoded: n/2 + 1/2 in PNG, n itself in EXR."""

    space: str = key(
        "world",
        "axes: the world's (Z up), or the camera's (x right, y up, z towards the camera)",
        choices=("world", "camera"),
    )


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One published way of rendering an object."""

    name: str = key("default", "the preset's name; without one, the name of its file")
    seed_name: str = key(
        "",
        "name that random cameras, lights and colours are seeded with; a file without one has "
        "that of the preset it extends, else 'default'; empty: its own name",
    )
    summary: str = key("", "one-line description")
    follows: str = key("", "the published system that this recipe follows")
    overrides: tuple[str, ...] = key((), "KEY=VALUE of each key that --set changed; filled in")
    product: str = key("views", "what is made of an object", choices=PRODUCTS)
    products: tuple[str, ...] = key(
        (),
        "what else goes into the zip; mesh: the object as rendered, in the cameras' world, as "
        "mesh.glb and mesh.ply; product scenes: every object shown, as models/<uid>.ply",
        choices=EXTRA_PRODUCTS,
    )
    engine: str = key(
        CYCLES,
        "what renders; a preset or --set that names another one drops the keys of cycles that it "
        "inherits; workbench takes a square number of samples, at most 64",
        choices=ENGINES,
    )
    views: int = key(12, "images per object; product scenes: samples per zip", low=1, high=10_000)
    resolution: tuple[int, int] = key(
        (512, 512), "width and height; a single number sets both", low=4, high=16384, unit="pixel"
    )
    samples: int = key(
        64, "samples per pixel; with adaptive sampling the maximum", low=1, high=1 << 20
    )
    seed: int = key(0, "seed of random cameras, lights and colours", low=0, high=1 << 62)
    images: tuple[str, ...] = key(("colour",), "image kinds of each view", choices=IMAGES)
    records: tuple[str, ...] = key(
        ("cameras",),
        "files that describe the views: one cameras.json, a NNN.npy for each, or a system's own",
        choices=VIEW_RECORDS,
    )
    previews: tuple[str, ...] = key(
        (),
        "animations of the colour views in order (best with layout turntable)",
        choices=("turntable-gif", "turntable-webp"),
    )
    camera: Camera = section(Camera, "viewpoints")
    lights: Lights = section(Lights, "lights")
    subject: Subject = section(Subject, "the object")
    cycles: Cycles = section(Cycles, "the path tracer")
    colour: Colour = section(Colour, "colour encoding")
    depth: Depth = section(Depth, "depth encoding")
    normal: Normal = section(Normal, "normal encoding")
    splits: Splits = section(Splits, "training, validation and test views")
    preview: Preview = section(Preview, "previews")
    mesh: Mesh = section(Mesh, "meshes")
    omage: Omage = section(Omage, "object images")
    scenes: Scenes = section(Scenes, "synthetic scenes")

    @property
    def seeded_by(self) -> str:
        """The name that random streams are seeded with."""
        return self.seed_name or self.name


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """JSON-ready values of every key, in declaration order."""
    return dataclasses.asdict(recipe)


def from_dict(values: dict[str, Any]) -> Recipe:
    """The recipe made of plain values; absent keys have their defaults.

    Raises: RecipeError, naming the key, what is wrong and what is allowed.
    """
    made: Recipe = build(Recipe, values)
    return made
