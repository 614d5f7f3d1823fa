"""Cameras from a file: `camera.file`, JSON or NPY, in the normalised world. Needs no bpy.

NPY    an array (N,4,4) or (N,3,4) of camera-to-world matrices
JSON   a list of such matrices; a ``transforms.json`` as NeRF, instant-ngp and nerfstudio write it
       (``frames`` with ``transform_matrix``; the lens of a frame or of all: ``K``, ``fl_x``… or
       ``camera_angle_x``); or a ``cameras.json`` of this program

Matrices are in OpenGL axes (x right, y up, looking down -z), the world has Z up, K is in pixels
with the origin at the top left corner.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from worker.contract.schema import RecipeError

Matrix = npt.NDArray[np.float64]
MOST_BYTES = 64 << 20
MOST_VIEWS = 10_000
EXACT, ROUNDED = 1e-6, 1e-3
"""Errors of a rotation: up to the first it is used as it is, up to the second made exact."""
WIDEST_PIXEL = 100.0
"""Largest ratio of a pixel's sides; Blender allows 200."""
DISTORTION = ("k1", "k2", "k3", "k4", "k5", "k6", "p1", "p2")
PINHOLES = ("OPENCV", "PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE")


@dataclasses.dataclass(frozen=True)
class Lens:
    """K (3,3) in pixels of an image of `size`, or of any size; or fields of view in radians."""

    k: Optional[Matrix] = None
    size: Optional[Tuple[int, int]] = None
    angles: Tuple[float, float] = (0.0, 0.0)
    """Horizontal and vertical; a vertical one of 0 means square pixels."""

    def intrinsics(self, resolution: Tuple[int, int]) -> Matrix:
        """K (3,3) for images of `resolution`. Raises: RecipeError, if their shape differs."""
        width, height = resolution
        if self.k is None:
            focal = width / (2.0 * math.tan(self.angles[0] / 2.0))
            tall = height / (2.0 * math.tan(self.angles[1] / 2.0)) if self.angles[1] else focal
            return np.array([[focal, 0.0, width / 2.0], [0.0, tall, height / 2.0], [0.0, 0.0, 1.0]])
        if self.size is None or self.size == resolution:
            return self.k.copy()
        across, down = self.size
        if across * height != down * width:
            raise RecipeError(
                f"'resolution' is {width}x{height}, but the images of 'camera.file' are "
                f"{across}x{down}; make it that, or a multiple of it"
            )
        scaled: Matrix = self.k * np.array([[width / across], [height / down], [1.0]])
        return scaled


@dataclasses.dataclass(frozen=True)
class Pose:
    """One camera of a file: camera-to-world (4,4), OpenGL axes; its lens, if the file has one."""

    camera_to_world: Matrix
    lens: Optional[Lens] = None
    projection: str = ""
    """"perspective" or "orthographic", if the file says so and has a lens."""


def read(path: str) -> Tuple[Pose, ...]:
    """The cameras of a file, in its order; at least one. Raises: RecipeError."""
    try:
        about = os.stat(path)  # noqa: PTH116 - a path of any encoding
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecipeError(f"'camera.file' is '{path}', which cannot be read: {reason}") from error
    if about.st_size > MOST_BYTES:
        raise RecipeError(f"'camera.file' has {about.st_size:,} bytes, allowed: {MOST_BYTES:,}")
    return _read(path, about.st_mtime_ns, about.st_size)


@functools.lru_cache(maxsize=8)
def _read(path: str, _changed: int, _size: int) -> Tuple[Pose, ...]:
    try:
        poses = _npy(path) if path.lower().endswith(".npy") else _json(path)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        why = f"has no {error}" if isinstance(error, KeyError) else str(error)
        raise RecipeError(f"'camera.file' is '{path}': {why}") from error
    if not 1 <= len(poses) <= MOST_VIEWS:
        raise RecipeError(f"'camera.file' has {len(poses)} cameras, allowed: 1 to {MOST_VIEWS}")
    return poses


def _npy(path: str) -> Tuple[Pose, ...]:
    array = np.load(path, allow_pickle=False)
    if array.ndim != 3 or array.dtype.kind not in "fiu":  # noqa: PLR2004 - (N,4,4)
        raise ValueError(
            f"has {array.dtype} of shape {array.shape}, not numbers (N,4,4) or (N,3,4)"
        )
    return tuple(Pose(_pose(matrix, f"matrix {at}")) for at, matrix in enumerate(array))


def _json(path: str) -> Tuple[Pose, ...]:
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    if isinstance(found, list):
        return tuple(Pose(_pose(matrix, f"matrix {at}")) for at, matrix in enumerate(found))
    if not isinstance(found, dict) or not {"frames", "views"} & set(found):
        raise ValueError("is neither a list of matrices nor a transforms.json or cameras.json")
    if "frames" in found:
        return tuple(
            _frame(found, frame, f"frame {at}") for at, frame in enumerate(found["frames"])
        )
    return tuple(_view(view, f"view {at}") for at, view in enumerate(found["views"]))


def _view(view: Mapping[str, Any], where: str) -> Pose:
    size = (int(view["width"]), int(view["height"]))
    lens = Lens(_checked(view["K"], where), size)
    return Pose(_pose(view["camera_to_world"], where), lens, str(view["projection"]))


def _frame(document: Mapping[str, Any], frame: Mapping[str, Any], where: str) -> Pose:
    every: Dict[str, Any] = {**document, **frame}
    model = every.get("camera_model", "OPENCV")
    bent = [name for name in DISTORTION if every.get(name)]
    if model not in PINHOLES or bent:
        what = ", ".join(bent) or f"camera_model {model}"
        raise ValueError(f"{where} has a distorted lens ({what}); undistort its images first")
    own = _lens(frame, every, where)
    lens = own or _lens(document, every, where)
    return Pose(_pose(every["transform_matrix"], where), lens, "perspective" if lens else "")


def _lens(keys: Mapping[str, Any], every: Mapping[str, Any], where: str) -> Optional[Lens]:
    """The lens that `keys` name; sizes and centres come from `every` key of frame and file."""
    size = (int(every["w"]), int(every["h"])) if {"w", "h"} <= set(every) else None
    if "K" in keys:
        return Lens(_checked(keys["K"], where), size)
    if "fl_x" in keys:
        if size is None and not {"cx", "cy"} <= set(every):
            raise ValueError(f"{where} has fl_x, but neither cx and cy nor w and h")
        fx = float(keys["fl_x"])
        fy = float(keys.get("fl_y", every.get("fl_y", fx)))
        cx, cy = (
            float(every[name]) if name in every else float(size[axis]) / 2.0 if size else 0.0
            for axis, name in enumerate(("cx", "cy"))
        )
        return Lens(_checked([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]], where), size)
    if "camera_angle_x" in keys:
        angles = float(keys["camera_angle_x"]), float(keys.get("camera_angle_y", 0.0))
        if not (0.0 < angles[0] < math.pi and 0.0 <= angles[1] < math.pi):
            raise ValueError(f"{where} has a field of view of {angles[0]:g} rad, allowed: 0 to pi")
        return Lens(angles=angles)
    return None


def _checked(rows: Any, where: str) -> Matrix:
    k = np.array(rows, np.float64)
    if k.shape != (3, 3) or not np.isfinite(k).all():
        raise ValueError(f"{where} has a K that is not 3x3 numbers")
    if k[0, 1] or k[1, 0] or k[2].tolist() != [0.0, 0.0, 1.0] or min(k[0, 0], k[1, 1]) <= 0.0:
        raise ValueError(
            f"{where} has a K that is not [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] with fx, fy above 0"
        )
    if not 1.0 / WIDEST_PIXEL <= k[0, 0] / k[1, 1] <= WIDEST_PIXEL:
        raise ValueError(f"{where} has fx / fy of {k[0, 0] / k[1, 1]:g}, allowed: 0.01 to 100")
    return k


def _pose(rows: Any, where: str) -> Matrix:
    """The matrix `rows` (4,4) or (3,4) as a rigid (4,4)."""
    found = np.array(rows, np.float64)
    if found.shape not in {(4, 4), (3, 4)} or not np.isfinite(found).all():
        raise ValueError(f"{where} is not 4x4 or 3x4 numbers")
    pose = np.eye(4)
    pose[: len(found)] = found
    turn = pose[:3, :3]
    error = max(abs(float((turn[:, i] * turn[:, j]).sum()) - (i == j)) for i, j in PAIRS)
    back = np.cross(turn[:, 0], turn[:, 1])
    rigid = error <= ROUNDED and float((back * turn[:, 2]).sum()) > 0.0
    if not rigid or pose[3].tolist() != [0.0, 0.0, 0.0, 1.0]:
        raise ValueError(
            f"{where} is not rigid: its first three columns must be the camera's right, up and "
            "backward unit vectors, its last row 0, 0, 0, 1"
        )
    if error > EXACT:  # few digits were written
        right = turn[:, 0] / np.sqrt((turn[:, 0] ** 2).sum())
        up = turn[:, 1] - right * (right * turn[:, 1]).sum()
        up = up / np.sqrt((up**2).sum())
        pose[:3, :3] = np.stack([right, up, np.cross(right, up)], axis=1)
    return pose


PAIRS = tuple((i, j) for i in range(3) for j in range(i, 3))
"""Pairs of the columns of a rotation."""
