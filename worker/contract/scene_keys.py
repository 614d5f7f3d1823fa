"""The recipe's keys of the product `scenes`, and the constants of every scene. Needs no bpy.

Source: princeton-vl/selfstudy-render (its names are given in brackets).
"""

from __future__ import annotations

import dataclasses
import math

from worker.contract.schema import key

BACKGROUNDS = ("wall", "floor")
BACKGROUND_MATERIAL = 99
"""The background's material index; an object's is the number of its class."""
MOST_CLASSES = BACKGROUND_MATERIAL
MOST_OBJECTS = 32
CAMERA_LOCATION = (1.0, 0.0, 0.4)
CAMERA_TURN = (0.36 * math.pi, 0.0, 0.5 * math.pi)
"""XYZ Euler angles."""
CAMERA_FOV = math.degrees(2.0 * math.atan(36.0 / 2.0 / 50.0))
"""Degrees; that of a new camera in Blender: lens 50 mm, sensor 36 mm."""
LIGHT_LOCATION = (0.0, -0.75, 1.35)
LIGHT_POWER, LIGHT_RADIUS = 100.0, 1.0
SUN_ENERGY, SUN_ANGLE = 1.0, 0.00918
"""It shines straight down; the angle is that of a new sun in Blender."""
PLANE_SIZE = 20.0
WALL_LOCATION = (-3.0, 0.0, -1.2)
"""It crosses the camera's axis, 4.3 away from the camera."""
BASE_TURN = (0.5 * math.pi, 0.0, -math.pi / 6.0)
"""XYZ Euler angles of an object that is not rotated further: its Y axis points up."""
BASE_SCALE, LEAST_SCALE, MOST_SCALE = 0.8, 0.1, 1.5
LEAST_WARP, MOST_WARP = 0.5, 1.5
"""Bounds of the drawn factors."""
MOST_FACES = 4_000_000
"""Maximum number of triangles of an object, instances included."""
MODELS = "models"
"""What `Rendered.scene` calls the list of meshes: `number`, `vertices` and `triangles` of each."""
MODEL_ARRAYS = {"points": "<f4", "triangles": "<u4"}
"""Raw arrays of a mesh: points (V,3), as in `blender.scenes.body.Body`; triangles (T,3)."""


def model_file(number: int, array: str) -> str:
    """Kind in `Rendered.files` of a raw array of object `number`."""
    return f"model-{number}-{array}"


@dataclasses.dataclass(frozen=True)
class Scenes:
    """Contents and variation of a data set of scenes. A zip holds `views` samples."""

    samples: int = key(4800, "samples in the whole data set", low=1, high=100_000_000)
    idx_offset: int = key(0, "number of the first sample", low=0, high=100_000_000)
    objects: int = key(1, "objects in a scene [num_objs]", low=1, high=MOST_OBJECTS)
    classes: tuple[str, ...] = key(
        (),
        "names of the classes, from class 0 on; objects of other classes are left out; empty: all "
        "in the list, first the study's ten of ShapeNet, then by name",
    )
    class_idxs: tuple[int, ...] = key(
        (), "numbers of the classes to draw from; empty: all", low=0, high=MOST_CLASSES - 1
    )
    reuse: int = key(
        10, "consecutive samples that show the same objects [cache_obj_frames]", low=1, high=10_000
    )
    buckets: int = key(
        12,
        "parts of the data set, in the samples' order, that share no object if a class has enough "
        "objects; the study trains on ten and holds out two",
        low=1,
        high=10_000,
    )
    spares: int = key(
        1,
        "spare objects fetched for each one, used if it is missing or cannot be imported",
        low=0,
        high=8,
    )
    textures: str = key(
        "",
        "folder of images, relative to the preset's file; empty: generated textures",
    )
    texture: bool = key(True, "objects and background have textures [use_texture]")
    emission: bool = key(False, "objects and background emit light: no shadows [use_emission]")
    class_colours: bool = key(
        True, "each class has its own colour; otherwise every object a random one [use_color_ref]"
    )
    colour_variation: float = key(
        0.2,
        "spread around a class's colour; 0.3 of it in hue [color_variation]",
        low=0.0,
        high=10.0,
    )
    colour_intensity: float = key(
        0.4, "share of a class's colour over the texture [color_intensity]", low=0.0, high=1.0
    )
    grey: bool = key(False, "colours lose their hue, as in the study's published program")
    lighting: float = key(
        0.0, "spread of the light's angle around the X axis [lighting.r]", low=0.0, high=100.0,
        unit="rad",
    )  # fmt: skip
    viewpoint: float = key(
        0.0, "spread of the objects' Euler angles [random_viewpoint]", low=0.0, high=100.0,
        unit="rad",
    )  # fmt: skip
    scaling: float = key(0.0, "spread of the objects' scale [random_scaling]", low=0.0, high=10.0)
    warp: float = key(0.1, "spread of the scale along each axis [random_warp]", low=0.0, high=10.0)
    size: float = key(
        0.7, "an object's longest side before a scale is drawn around 0.8", low=0.01,
        high=10.0, unit="world unit",
    )  # fmt: skip
    background: str = key(
        "wall",
        "wall: a plane behind floating objects; floor: a plane that they stand on",
        choices=BACKGROUNDS,
    )
    exr: bool = key(
        True, "images are EXR with instances, classes and depth; otherwise PNG [render_exr]"
    )
