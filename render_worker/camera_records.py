"""Reads the cameras of an object from whichever records its preset wrote.

| record | pose | K |
| --- | --- | --- |
| cameras.json | yes | yes |
| NNN_metadata.json (ZeroNVS), NNN.json (GPT4Point), transforms.json, transforms_train.json … | yes | yes |
| pose/NNN.txt (NSVF) | yes | that of the first view |
| NNN.npy (Objaverse-XL) | yes | from the recipe in job.json, if all views share a field of view |

What a record does not say is None in the `Camera`.
"""  # noqa: E501 - a table

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from render_worker import decode
from render_worker.archive import Members, damaged, document
from render_worker.camera import (
    FLIP,
    PERSPECTIVE,
    Camera,
    all_intrinsics_of,
    centred,
    intrinsics_of,
    inverse,
    pose_of,
    poses_of,
)

Cameras = dict[str, Camera]
"""By the view's name, in the views' order."""

CAMERAS: Final = "cameras.json"
SPLITS: Final = ("transforms_train.json", "transforms_val.json", "transforms_test.json")
_NAME: Final = r"[0-9]{3,}"


def read(members: Members, size: tuple[int, int] | None, recipe: Mapping[str, Any]) -> Cameras:
    """The cameras of an object; empty if it has no record of them.

    size: of its images, if known. recipe: that of the output, or empty.

    Raises: DamagedZip, PlaceError.
    """
    names = members.names()
    for pattern, reader in _RECORDS.items():
        found = sorted(name for name in names if re.fullmatch(pattern, name))
        if not found:
            continue
        try:
            return reader(members, found, size, recipe)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as why:
            raise damaged(members, f"has invalid cameras in {found[0]}: {why!r}") from why
    return {}


def from_views(told: Sequence[Mapping[str, Any]]) -> list[Camera]:
    """Views of cameras.json, or samples of a WebDataset shard, all at once, which is faster.

    Raises: ValueError, KeyError, TypeError.
    """
    poses = poses_of([view["camera_to_world"] for view in told])
    ks = all_intrinsics_of([view["K"] for view in told])
    return [
        Camera(pose, k, (int(view["width"]), int(view["height"])), str(view["projection"]))
        for pose, k, view in zip(poses, ks, told, strict=True)
    ]


def _cameras(members: Members, files: list[str], _: Any, __: Any) -> Cameras:
    views = document(members, files[0])["views"]
    return {str(view["name"]): each for view, each in zip(views, from_views(views), strict=True)}


def _zeronvs(members: Members, files: list[str], size: Any, _: Any) -> Cameras:
    found = {}
    for file in files:
        told = document(members, file)
        k = np.linalg.inv(np.array(told["intrinsics"], np.float64))
        found[file.partition("_")[0]] = Camera(pose_of(told["extrinsics"]), intrinsics_of(k), size)
    return found


def _gpt4point(members: Members, files: list[str], size: Any, _: Any) -> Cameras:
    found = {}
    for number, file in enumerate(files):
        told = document(members, file)
        pose = np.eye(4)
        pose[:3] = np.array([told["x"], told["y"], told["z"], told["origin"]], np.float64).T
        k = None if size is None else centred(told["x_fov"], size, told["y_fov"])
        found[f"{number:03d}"] = Camera(pose_of(pose @ FLIP), k, size)
    return found


def _transforms(members: Members, files: list[str], size: Any, _: Any) -> Cameras:
    found = {}
    for file in sorted(files, key=lambda name: SPLITS.index(name) if name in SPLITS else -1):
        told = document(members, file)
        for frame in told["frames"]:
            match = re.search(rf"({_NAME})[^/]*$", frame["file_path"])
            if match is None:
                raise ValueError(f"file_path {frame['file_path']!r} names no view")
            found[match[1]] = _frame(frame, told, size)
    return dict(sorted(found.items()))


def _frame(frame: Mapping[str, Any], told: Mapping[str, Any], size: Any) -> Camera:
    pose = pose_of(frame["transform_matrix"])
    if "fl_x" in frame:
        k = [[frame["fl_x"], 0, frame["cx"]], [0, frame["fl_y"], frame["cy"]], [0, 0, 1]]
        return Camera(pose, intrinsics_of(k), (int(frame["w"]), int(frame["h"])))
    angle = frame.get("camera_angle_x", told.get("camera_angle_x"))
    return Camera(pose, None if angle is None or size is None else centred(angle, size), size)


def _nsvf(members: Members, files: list[str], size: Any, _: Any) -> Cameras:
    k = intrinsics_of(_numbers(members, "intrinsics.txt")[:3, :3])
    return {
        file[len("pose/") : -len(".txt")]: Camera(pose_of(_numbers(members, file) @ FLIP), k, size)
        for file in files
    }


def _numbers(members: Members, file: str) -> Any:
    return np.array([row.split() for row in members.read(file).decode().splitlines()], np.float64)


def _matrices(members: Members, files: list[str], size: Any, recipe: Mapping[str, Any]) -> Cameras:
    k, projection = None, PERSPECTIVE
    if recipe:
        projection = recipe["camera"]["projection"]
        low, high = recipe["camera"]["fov"]
        if projection == PERSPECTIVE and low == high:
            size = tuple(recipe["resolution"])
            k = centred(np.radians(low), size)
    found = {}
    for file in files:
        pose = np.eye(4)
        pose[:3] = decode.npy(members.read(file))
        found[file[: -len(".npy")]] = Camera(inverse(pose_of(pose)), k, size, projection)
    return found


_RECORDS: Final[dict[str, Callable[[Members, list[str], Any, Any], Cameras]]] = {
    re.escape(CAMERAS): _cameras,
    rf"{_NAME}_metadata\.json": _zeronvs,
    r"[0-9]{5}\.json": _gpt4point,
    r"transforms(_train|_val|_test)?\.json": _transforms,
    rf"pose/{_NAME}\.txt": _nsvf,
    rf"{_NAME}\.npy": _matrices,
}
"""Patterns of file names, the most complete record first, and what reads these files."""
