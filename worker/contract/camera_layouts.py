"""Camera layouts: where cameras are placed. Needs no bpy, so the host can compute the same views.

World: Z up, right-handed. A camera is a camera-to-world 4x4 in OpenGL axes (x right, y up,
looking down -z) with a 3x3 K in pixels. A layout gives a direction from the target and a distance;
the distance may then be replaced by one that fits the object.
"""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Callable, Optional

import numpy as np
import numpy.typing as npt

from worker.contract import camera_file
from worker.contract.camera_checks import check
from worker.contract.camera_fit import FITTERS, LEAST_ROOM, PARALLEL, Support, about, fit_all
from worker.contract.linear import cross
from worker.contract.recipe import Camera
from worker.contract.schema import RecipeError
from worker.contract.view_keys import RING

Matrix = npt.NDArray[np.float64]
CUBE = math.sqrt(3.0) / 2.0
"""Radius of the sphere around the unit cube."""
UP = (0.0, 0.0, 1.0)


@dataclasses.dataclass(frozen=True)
class Viewpoint:
    """One camera: `camera_to_world` 4x4, OpenGL axes; `intrinsics` 3x3 K in pixels.

    An orthographic K has no perspective division: u = K[0,0] x + K[0,2], with x in world units.
    """

    camera_to_world: Matrix
    intrinsics: Matrix
    width: int
    height: int
    projection: str = "perspective"


@dataclasses.dataclass(frozen=True)
class CameraSlot:
    """The input of a layout: it places view `number` of `views`."""

    camera: Camera
    number: int
    views: int
    source: random.Random
    offset: tuple[float, float]
    """Two numbers in 0..1, the same for all views of an object."""

    @property
    def share(self) -> float:
        """The position of this view in the list: 0 for the first, 1 for the last."""
        return self.number / max(1, self.views - 1)

    def radius(self) -> float:
        """Draw a distance for this view."""
        return self.source.uniform(*self.camera.radius)


def viewpoints(
    camera: Camera,
    views: int,
    resolution: tuple[int, int],
    source: random.Random,
    support: Optional[Support] = None,
    ring: int = 0,
) -> list[Viewpoint]:
    """`views` cameras that look at `camera.target`: of `camera.layout`, the last `ring` on a ring.

    In layouts that draw each view independently (shell, sphere, hemisphere, get3d, fixed), a longer
    list begins with the shorter one. Only `camera.distance` fit and fit-all need `support`. With
    `camera.baseline`, each viewpoint is followed by its right camera; see `stereo`.

    Raises: RecipeError if the recipe allows no camera.
    """
    check(camera)
    count = views // eyes(camera)
    if camera.layout == "file":
        made = _of_file(camera, count, resolution, source)
    else:
        last = ring // eyes(camera)
        made = _of_layout(camera, (count - last, last), resolution, source, support)
    return [eye for seen in made for eye in stereo(seen, camera.baseline)]


def eyes(camera: Camera) -> int:
    """The number of views of each viewpoint: 2 in stereo."""
    return 2 if camera.baseline else 1


def listed(camera: Camera) -> Optional[int]:
    """The number of views that layout list or file names; None for other layouts.

    Raises: RecipeError if the file cannot be read.
    """
    if camera.layout == "list":
        return eyes(camera) * max(len(camera.azimuths), len(camera.elevations))
    return eyes(camera) * len(camera_file.read(camera.file)) if camera.layout == "file" else None


def stereo(seen: Viewpoint, baseline: float) -> list[Viewpoint]:
    """The left and right camera of a viewpoint, `baseline` apart; itself if that is 0."""
    if not baseline:
        return [seen]
    pair = []
    for side in (-0.5, 0.5):
        pose = seen.camera_to_world.copy()
        pose[:3, 3] += side * baseline * pose[:3, 0]
        pair.append(dataclasses.replace(seen, camera_to_world=pose))
    return pair


def _of_layout(
    camera: Camera,
    views: tuple[int, int],
    resolution: tuple[int, int],
    source: random.Random,
    support: Optional[Support],
) -> list[Viewpoint]:
    """As many views of the camera's layout, and on a ring, as `views` says."""
    offset = (0.0, 0.0)
    if camera.layout in OFFSET:
        offset = (source.random(), source.random())
    made = [
        _viewpoint(
            camera,
            resolution,
            CAMERA_LAYOUTS[name](slot),
            (_fov(camera, source), _margin(camera, source), _roll(camera, source)),
            support,
        )
        for name, count in zip((camera.layout, RING), views)
        for number in range(count)
        for slot in [CameraSlot(camera, number, count, source, offset)]
    ]
    poses = [seen.camera_to_world for seen in made]
    if camera.distance == "fit-all":
        fit_all(poses, [seen.intrinsics for seen in made], camera.projection)
    if any(camera.target):
        for pose in poses:
            pose[:3, 3] += camera.target
    return made


def _of_file(
    camera: Camera, views: int, resolution: tuple[int, int], source: random.Random
) -> list[Viewpoint]:
    """The file's cameras in order, repeated as needed."""
    poses, made = camera_file.read(camera.file), []
    for number in range(views):
        pose = poses[number % len(poses)]
        if pose.lens is None:
            k = _intrinsics(camera, _fov(camera, source), resolution)
        else:
            k = pose.lens.intrinsics(resolution)
        made.append(Viewpoint(pose.camera_to_world.copy(), k, *resolution, camera.projection))
    return made


def farthest(camera: Camera, resolution: tuple[int, int], reach: float) -> float:
    """The greatest distance from the origin, in world units, that a camera may have.

    `reach`: the distance of the object's farthest point from the origin. `camera` passes `check`.
    """
    if camera.layout == "file":
        poses = camera_file.read(camera.file)
        return max(math.hypot(*pose.camera_to_world[:3, 3]) for pose in poses) + camera.baseline
    off = math.hypot(*camera.target)
    reach, drawn = reach + off, camera.radius[1] + off
    if camera.layout == "fixed":
        drawn = max(math.hypot(*position) for position in camera.fixed)
    if camera.projection == "orthographic":
        stepped = (1.0 + LEAST_ROOM) * reach + LEAST_ROOM
        return max(drawn, stepped + off) if camera.distance in FITTED else drawn
    if camera.distance == "drawn":
        return drawn
    wide = math.tan(math.radians(camera.fov[0]) / 2.0)
    narrow = min(resolution) / resolution[0] * wide
    if camera.distance == "cube":
        return CUBE / math.sin(math.atan(narrow))
    share = 1.0 - camera.margin[1]
    room = reach * max(math.hypot(1.0, 1.0 / (share * narrow)), 1.0 + LEAST_ROOM)
    return room + off + camera.baseline / (2.0 * share * wide)


def shell(slot: CameraSlot) -> Matrix:
    """A uniform direction and a uniform distance (Objaverse-XL's scripts/rendering)."""
    while True:
        direction = _uniform(slot.source)
        radius = slot.radius()
        height = direction[2] * radius
        if abs(height) <= slot.camera.max_height and height >= slot.camera.min_height:
            return radius * direction


def sphere(slot: CameraSlot) -> Matrix:
    """A uniform direction."""
    direction = _uniform(slot.source)
    return slot.radius() * direction


def hemisphere(slot: CameraSlot) -> Matrix:
    """A uniform direction above the horizon."""
    return _north(sphere(slot))


def hammersley(slot: CameraSlot) -> Matrix:
    """A point of the Hammersley low-discrepancy set, which is shifted by the object's offset.

    Microsoft's TRELLIS (dataset_toolkits) uses it with a quarter of the views below the horizon.
    """
    along = (slot.number + slot.offset[0]) / slot.views
    turn = 2.0 * math.pi * (_radical_inverse(slot.number) + slot.offset[1])
    below = slot.camera.share_below
    height = along / below - 1.0 if along < below else (along - below) / (1.0 - below)
    return slot.radius() * _on_sphere(height, turn)


def ring(slot: CameraSlot) -> Matrix:
    """Evenly spaced around the object, each view at a drawn elevation."""
    elevation = math.radians(slot.source.uniform(*slot.camera.elevation))
    return slot.radius() * _on_sphere(math.sin(elevation), _evenly(slot))


def turntable(slot: CameraSlot) -> Matrix:
    """Evenly spaced around the object, with elevations evenly from the first value to the last."""
    low, high = slot.camera.elevation
    elevation = math.radians(low + (high - low) * slot.share)
    return slot.radius() * _on_sphere(math.sin(elevation), _evenly(slot))


def fixed(slot: CameraSlot) -> Matrix:
    """The recipe's own positions in order, repeated as needed."""
    position = slot.camera.fixed[slot.number % len(slot.camera.fixed)]
    return np.array(position) - slot.camera.target


def get3d(slot: CameraSlot) -> Matrix:
    """GET3D's camera: on +Y, at a drawn elevation, rotated about Z by a drawn angle."""
    rotation = slot.source.uniform(0.0, 360.0)
    elevation = math.radians(slot.source.uniform(*slot.camera.elevation))
    return slot.radius() * _on_sphere(math.sin(elevation), math.radians(rotation + 90.0))


def in_list(slot: CameraSlot) -> Matrix:
    """The recipe's own azimuths and elevations, in order, repeated as needed."""
    turns, heights = slot.camera.azimuths, slot.camera.elevations
    turn = math.radians(slot.camera.azimuth + turns[slot.number % len(turns)])
    height = math.sin(math.radians(heights[slot.number % len(heights)]))
    return slot.radius() * _on_sphere(height, turn)


CAMERA_LAYOUTS: dict[str, Callable[[CameraSlot], Matrix]] = {
    "shell": shell,
    "sphere": sphere,
    "hemisphere": hemisphere,
    "hammersley": hammersley,
    "ring": ring,
    "turntable": turntable,
    "fixed": fixed,
    "get3d": get3d,
    "list": in_list,
}
"""Maps each layout to a place relative to `camera.target`; layout file has its own poses."""
OFFSET = frozenset({"hammersley"})
"""Layouts that draw an offset once for all views."""
FITTED = ("fit", "fit-all")
"""Distances that fit the object."""


def _viewpoint(
    camera: Camera,
    resolution: tuple[int, int],
    position: Matrix,
    drawn: tuple[float, float, float],
    support: Optional[Support],
) -> Viewpoint:
    """A camera at `position` relative to the target, with its field of view, margin and roll."""
    if camera.northern:
        position = _north(position)
    width, height = resolution
    fov, margin, roll = drawn
    pose = rolled(look_at_origin(position), roll)
    k = _intrinsics(camera, fov, resolution)
    if camera.distance == "cube":
        # The sphere must fit the narrower side.
        narrow = math.atan(min(width, height) / (2.0 * k[0, 0]))
        pose[:3, 3] = pose[:3, 2] * (CUBE / math.sin(narrow))
    elif camera.distance in FITTED:
        if support is None:
            raise RecipeError(f"'camera.distance' is '{camera.distance}', which needs an object")
        reached = about(support, camera.target)
        aside = camera.baseline / 2.0
        FITTERS[camera.projection](pose, k, resolution, 1.0 - margin, reached, aside)
    return Viewpoint(pose, k, width, height, camera.projection)


def _fov(camera: Camera, source: random.Random) -> float:
    low, high = camera.fov
    if low == high:
        return low
    if camera.fov_law == "uniform":
        return source.uniform(low, high)
    squares = [math.sin(math.radians(angle) / 2.0) ** 2 for angle in (low, high)]
    return math.degrees(2.0 * math.asin(math.sqrt(source.uniform(*squares))))


def _intrinsics(camera: Camera, fov: float, resolution: tuple[int, int]) -> Matrix:
    k = intrinsics(fov, *resolution)
    if camera.projection == "orthographic":
        k[0, 0] = k[1, 1] = resolution[0] / camera.ortho_scale
    return k


def _roll(camera: Camera, source: random.Random) -> float:
    low, high = camera.roll
    return low if low == high else source.uniform(low, high)


def _margin(camera: Camera, source: random.Random) -> float:
    low, high = camera.margin
    return low if low == high else source.uniform(low, high)


def _uniform(source: random.Random) -> Matrix:
    height = source.uniform(-1.0, 1.0)  # Archimedes: uniform in z is uniform on the sphere
    return _on_sphere(height, source.uniform(0.0, 2.0 * math.pi))


def _on_sphere(height: float, turn: float) -> Matrix:
    """The unit vector with z = `height` and azimuth `turn` (rad) from +X towards +Y."""
    level = math.sqrt(max(0.0, 1.0 - height * height))
    return np.array([level * math.cos(turn), level * math.sin(turn), height])


def _evenly(slot: CameraSlot) -> float:
    return math.radians(slot.camera.azimuth) + 2.0 * math.pi * slot.number / slot.views


def _north(position: Matrix) -> Matrix:
    return position * [1.0, 1.0, math.copysign(1.0, position[2])]


def _radical_inverse(number: int) -> float:
    """Van der Corput's sequence: the reversed binary digits of `number` after the point."""
    digits = f"{number:b}"[::-1]
    return int(digits, 2) / (1 << len(digits))


def look_at_origin(position: Matrix) -> Matrix:
    """Camera-to-world 4x4 of a camera at `position` (3,) that looks at the origin.

    Its y axis is as close to world +Z as possible; straight above or below, its x is world +X.
    """
    back = position / np.linalg.norm(position)
    right = np.array(cross(UP, back.tolist()))
    length = float(np.linalg.norm(right))
    right = right / length if length > PARALLEL else np.array([1.0, 0.0, 0.0])
    matrix = np.eye(4)
    matrix[:3, 0] = right
    matrix[:3, 1] = cross(back.tolist(), right.tolist())
    matrix[:3, 2] = back
    matrix[:3, 3] = position
    return matrix


def rolled(pose: Matrix, roll: float) -> Matrix:
    """`pose` (4,4), turned about its own axis by `roll` degrees, anticlockwise from behind."""
    if not roll:
        return pose
    turned = pose.copy()
    c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    turned[:3, 0] = c * pose[:3, 0] + s * pose[:3, 1]
    turned[:3, 1] = c * pose[:3, 1] - s * pose[:3, 0]
    return turned


def intrinsics(fov: float, width: int, height: int) -> Matrix:
    """K of a camera with horizontal field of view `fov` (degrees) and square pixels.

    Pixel centres lie at +0.5, the origin is the image's top left corner.
    """
    focal = width / (2.0 * math.tan(math.radians(fov) / 2.0))
    return np.array([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]])
