"""Camera layouts: where cameras are placed. Needs no bpy, so the host can compute the same views.

World: Z up, right-handed. A camera is a camera-to-world 4x4 in OpenGL axes (x right, y up,
looking down -z) with a 3x3 K in pixels. A layout gives a direction from the origin and a distance;
the distance may then be replaced by one that fits the object.
"""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Callable, Optional

import numpy as np
import numpy.typing as npt

from worker.contract.recipe import Camera
from worker.contract.schema import RecipeError

Matrix = npt.NDArray[np.float64]
Support = Callable[[Matrix], Matrix]
"""Maps K directions (K,3) to how far the object reaches along each from the origin, (K,)."""
PARALLEL = 1e-9
LEAST_HEIGHT = 0.01
"""Smallest `max_height`, as a share of the largest radius: below it, redrawing takes too long."""
CUBE = math.sqrt(3.0) / 2.0
"""Radius of the sphere around the unit cube."""
LEAST_ROOM = 0.01
"""Smallest gap between a fitted camera and the object, as a share of the distance."""


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
) -> list[Viewpoint]:
    """`views` cameras of `camera.layout` that look at the origin.

    In layouts that draw each view independently (shell, sphere, hemisphere, get3d, fixed), a longer
    list begins with the shorter one. Only `camera.distance` "fit" needs `support`.

    Raises: RecipeError if the recipe allows no camera.
    """
    check(camera)
    layout = CAMERA_LAYOUTS[camera.layout]
    offset = (0.0, 0.0)
    if camera.layout in OFFSET:
        offset = (source.random(), source.random())
    return [
        _viewpoint(
            camera, resolution, layout(slot), _fov(camera, source), _margin(camera, source), support
        )
        for number in range(views)
        for slot in [CameraSlot(camera, number, views, source, offset)]
    ]


def check(camera: Camera) -> None:
    """Refuse what no single key's range can. Raises: RecipeError."""
    for name in ("radius", "fov", "elevation", "margin"):
        low, high = getattr(camera, name)
        if low > high:
            raise RecipeError(
                f"'camera.{name}' is [{low:g}, {high:g}]; write the smaller value first"
            )
    if not camera.radius[0] > 0.0:
        raise RecipeError(f"'camera.radius' is {camera.radius[0]:g}, allowed: more than 0")
    far = camera.radius[1]
    if camera.layout == "shell" and camera.max_height < LEAST_HEIGHT * far:
        raise RecipeError(
            f"'camera.max_height' is {camera.max_height:g}, allowed: at least "
            f"{LEAST_HEIGHT:g} of the largest radius ({far:g})"
        )
    if camera.layout == "fixed" and not camera.fixed:
        raise RecipeError(
            "'camera.fixed' is empty; layout 'fixed' needs positions, such as [[0, -2, 0.5]]"
        )
    for position in camera.fixed:
        if math.hypot(*position) < PARALLEL:
            raise RecipeError("'camera.fixed' has a position at the origin; move it away")
    if camera.distance == "cube" and camera.projection == "orthographic":
        raise RecipeError(
            "'camera.distance' is 'cube', which needs a field of view; "
            "allowed for orthographic cameras: drawn, fit"
        )


def farthest(camera: Camera, resolution: tuple[int, int], reach: float) -> float:
    """The greatest distance from the origin, in world units, that a camera may have.

    `reach`: the distance of the object's farthest point from the origin. `camera` passes `check`.
    """
    drawn = camera.radius[1]
    if camera.layout == "fixed":
        drawn = max(math.hypot(*position) for position in camera.fixed)
    if camera.projection == "orthographic":
        stepped = (1.0 + LEAST_ROOM) * reach + LEAST_ROOM
        return max(drawn, stepped) if camera.distance == "fit" else drawn
    if camera.distance == "drawn":
        return drawn
    narrow = min(resolution) / resolution[0] * math.tan(math.radians(camera.fov[0]) / 2.0)
    if camera.distance == "cube":
        return CUBE / math.sin(math.atan(narrow))
    return reach * max(math.hypot(1.0, 1.0 / ((1.0 - camera.margin[1]) * narrow)), 1.0 + LEAST_ROOM)


def shell(slot: CameraSlot) -> Matrix:
    """A uniform direction and a uniform distance (Objaverse-XL's scripts/rendering)."""
    while True:
        direction = _uniform(slot.source)
        radius = slot.radius()
        if abs(direction[2]) * radius <= slot.camera.max_height:
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
    return np.array(slot.camera.fixed[slot.number % len(slot.camera.fixed)])


def get3d(slot: CameraSlot) -> Matrix:
    """GET3D's camera: on +Y, at a drawn elevation, rotated about Z by a drawn angle."""
    rotation = slot.source.uniform(0.0, 360.0)
    elevation = math.radians(slot.source.uniform(*slot.camera.elevation))
    return slot.radius() * _on_sphere(math.sin(elevation), math.radians(rotation + 90.0))


CAMERA_LAYOUTS: dict[str, Callable[[CameraSlot], Matrix]] = {
    "shell": shell,
    "sphere": sphere,
    "hemisphere": hemisphere,
    "hammersley": hammersley,
    "ring": ring,
    "turntable": turntable,
    "fixed": fixed,
    "get3d": get3d,
}
OFFSET = frozenset({"hammersley"})
"""Layouts that draw an offset once for all views."""


def _viewpoint(
    camera: Camera,
    resolution: tuple[int, int],
    position: Matrix,
    fov: float,
    margin: float,
    support: Optional[Support],
) -> Viewpoint:
    if camera.northern:
        position = _north(position)
    width, height = resolution
    pose = look_at_origin(position)
    k = intrinsics(fov, width, height)
    if camera.projection == "orthographic":
        k[0, 0] = k[1, 1] = width / camera.ortho_scale
    if camera.distance == "cube":
        # The sphere must fit the narrower side.
        narrow = math.atan(min(width, height) / (2.0 * k[0, 0]))
        pose[:3, 3] = pose[:3, 2] * (CUBE / math.sin(narrow))
    elif camera.distance == "fit":
        if support is None:
            raise RecipeError("'camera.distance' is 'fit', which needs an object")
        fitters = {"perspective": _fit_perspective, "orthographic": _fit_orthographic}
        fitters[camera.projection](pose, k, resolution, 1.0 - margin, support)
    return Viewpoint(pose, k, width, height, camera.projection)


def _fit_perspective(
    pose: Matrix, k: Matrix, resolution: tuple[int, int], share: float, support: Support
) -> None:
    """Move the camera along its axis until the object just fits into `share` of the frame.

    In the camera's axes about the origin, a point (x, y, z) is visible from distance d within a
    slope s if |x| <= s (d - z), that is d >= z + |x| / s.
    """
    right, up, back = pose[:3, :3].T
    slopes = [share * edge / (2.0 * k[axis, axis]) for axis, edge in enumerate(resolution)]
    sides = [sign * side / slope for side, slope in zip((right, up), slopes) for sign in (1, -1)]
    *edges, front = support(np.array([*(back + side for side in sides), back]))
    pose[:3, 3] = back * max(*edges, front + LEAST_ROOM * abs(front), PARALLEL)


def _fit_orthographic(
    pose: Matrix, k: Matrix, resolution: tuple[int, int], share: float, support: Support
) -> None:
    """Scale the image to the object, and move the camera back if it would be inside the object."""
    right, up, back = pose[:3, :3].T
    *edges, front = support(np.array([right, -right, up, -up, back]))
    halves = max(edges[:2]), max(edges[2:])
    pixels = [share * size / 2.0 / max(half, PARALLEL) for half, size in zip(halves, resolution)]
    k[0, 0] = k[1, 1] = min(pixels)
    distance = float(np.linalg.norm(pose[:3, 3]))
    pose[:3, 3] = back * max(distance, (1.0 + LEAST_ROOM) * front + LEAST_ROOM)


def _fov(camera: Camera, source: random.Random) -> float:
    low, high = camera.fov
    if low == high:
        return low
    if camera.fov_law == "uniform":
        return source.uniform(low, high)
    squares = [math.sin(math.radians(angle) / 2.0) ** 2 for angle in (low, high)]
    return math.degrees(2.0 * math.asin(math.sqrt(source.uniform(*squares))))


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
    right = np.cross([0.0, 0.0, 1.0], back)
    length = float(np.linalg.norm(right))
    right = right / length if length > PARALLEL else np.array([1.0, 0.0, 0.0])
    matrix = np.eye(4)
    matrix[:3, 0] = right
    matrix[:3, 1] = np.cross(back, right)
    matrix[:3, 2] = back
    matrix[:3, 3] = position
    return matrix


def intrinsics(fov: float, width: int, height: int) -> Matrix:
    """K of a camera with horizontal field of view `fov` (degrees) and square pixels.

    Pixel centres lie at +0.5, the origin is the image's top left corner.
    """
    focal = width / (2.0 * math.tan(math.radians(fov) / 2.0))
    return np.array([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]])
