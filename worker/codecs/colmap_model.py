"""COLMAP's sparse models, binary and text: cameras, images and points3D.

Sources: COLMAP's "Output Format" page and src/colmap/scene/reconstruction_io. Poses are
world-to-camera in OpenCV axes, as a unit quaternion (w, x, y, z) and a translation. The origin of
pixel coordinates is the image's top left corner, and pixel centres are at +0.5. Ids count from 1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

PINHOLE: Final = 1
"""The id of the camera model PINHOLE; its parameters are fx, fy, cx, cy."""


class ModelCamera(msgspec.Struct, frozen=True):
    """Intrinsics that images share, of the model PINHOLE."""

    width: int
    height: int
    params: tuple[float, float, float, float]
    """fx, fy, cx, cy in pixels."""


class ModelImage(msgspec.Struct, frozen=True):
    """An image, its pose and the points that it shows."""

    name: str
    """Path relative to the folder of images."""
    camera: int
    """Id of its camera."""
    quaternion: tuple[float, float, float, float]
    translation: tuple[float, float, float]
    pixels: NDArray[np.float64]
    """(n, 2), where it shows a point."""
    points: NDArray[np.int64]
    """(n,), the ids of these points."""


class Model(msgspec.Struct, frozen=True):
    """A sparse model. Element i of each list has id i + 1."""

    cameras: list[ModelCamera]
    images: list[ModelImage]
    xyz: NDArray[np.float64]
    """(p, 3), points in the world."""
    rgb: NDArray[np.uint8]
    """(p, 3), 8-bit sRGB."""


def quaternion(rotation: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """(w, x, y, z) of a 3x3 rotation, w >= 0.

    The largest component is taken from the diagonal, so no division is by a small number.
    """
    (a, b, c), (d, e, f), (g, h, i) = rotation.tolist()
    squares = (1 + a + e + i, 1 + a - e - i, 1 - a + e - i, 1 - a - e + i)
    rows = (
        (squares[0], h - f, c - g, d - b),
        (h - f, squares[1], d + b, c + g),
        (c - g, d + b, squares[2], h + f),
        (d - b, c + g, h + f, squares[3]),
    )
    row = np.array(rows[int(np.argmax(squares))])
    row /= np.sqrt((row * row).sum())
    w, x, y, z = (row if row[0] >= 0 else -row).tolist()
    return w, x, y, z


def _tracks(model: Model) -> list[list[tuple[int, int]]]:
    """For each point, the images that show it: their ids, and the places in their lists."""
    tracks: list[list[tuple[int, int]]] = [[] for _ in range(len(model.xyz))]
    for image_id, image in enumerate(model.images, 1):
        for place, point in enumerate(image.points.tolist()):
            tracks[point - 1].append((image_id, place))
    return tracks


def _cameras_bin(model: Model) -> bytes:
    parts = [struct.pack("<Q", len(model.cameras))]
    parts += [
        struct.pack("<IiQQ4d", number, PINHOLE, each.width, each.height, *each.params)
        for number, each in enumerate(model.cameras, 1)
    ]
    return b"".join(parts)


def _images_bin(model: Model) -> bytes:
    parts = [struct.pack("<Q", len(model.images))]
    for number, each in enumerate(model.images, 1):
        pose = (*each.quaternion, *each.translation)
        parts.append(struct.pack("<I7dI", number, *pose, each.camera))
        parts.append(each.name.encode() + b"\0")
        row = np.empty(len(each.points), np.dtype([("pixel", "<f8", 2), ("point", "<u8")]))
        row["pixel"], row["point"] = each.pixels, each.points
        parts += [struct.pack("<Q", len(row)), row.tobytes()]
    return b"".join(parts)


def _points_bin(model: Model) -> bytes:
    parts = [struct.pack("<Q", len(model.xyz))]
    rows = zip(model.xyz.tolist(), model.rgb.tolist(), _tracks(model), strict=True)
    for number, (xyz, rgb, track) in enumerate(rows, 1):
        parts.append(struct.pack("<Q3d3BdQ", number, *xyz, *rgb, 0.0, len(track)))
        parts += [struct.pack("<II", *each) for each in track]
    return b"".join(parts)


def _cameras_txt(model: Model) -> bytes:
    return _lines(
        f"{number} PINHOLE {each.width} {each.height} {_words(each.params)}"
        for number, each in enumerate(model.cameras, 1)
    )


def _images_txt(model: Model) -> bytes:
    lines = []
    for number, each in enumerate(model.images, 1):
        pose = _words((*each.quaternion, *each.translation))
        lines.append(f"{number} {pose} {each.camera} {each.name}")
        seen = zip(each.pixels.tolist(), each.points.tolist(), strict=True)
        lines.append(" ".join(f"{x!r} {y!r} {point}" for (x, y), point in seen))
    return _lines(lines)


def _points_txt(model: Model) -> bytes:
    rows = zip(model.xyz.tolist(), model.rgb.tolist(), _tracks(model), strict=True)
    return _lines(
        " ".join([f"{number} {_words(xyz)} {_words(rgb)} 0.0", *(_words(each) for each in track)])
        for number, (xyz, rgb, track) in enumerate(rows, 1)
    )


def _words(numbers: Iterable[float]) -> str:
    return " ".join(map(repr, numbers))


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


FORMS: Final[dict[str, dict[str, Callable[[Model], bytes]]]] = {
    "binary": {
        "cameras.bin": _cameras_bin, "images.bin": _images_bin, "points3D.bin": _points_bin,
    },
    "text": {
        "cameras.txt": _cameras_txt, "images.txt": _images_txt, "points3D.txt": _points_txt,
    },
}  # fmt: skip
"""Form of a model to its files and what encodes them."""
