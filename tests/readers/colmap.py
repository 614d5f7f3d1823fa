"""COLMAP's sparse models, by the description of their format, to the last byte and word."""

import struct

import numpy as np
from PIL import Image

from tests.readers.seen import Seen, pinhole


def read(folder):
    """cameras (size, K), images (name, camera, 4x4 world-to-camera, pixels, ids), points."""
    if (folder / "cameras.bin").exists():
        return binary(folder)
    return text(folder)


def binary(folder):
    stream = Bytes((folder / "cameras.bin").read_bytes())
    cameras = {}
    for _ in range(*stream.take("Q")):
        number, model, width, height = stream.take("IiQQ")
        assert model == 1
        cameras[number] = ((width, height), k_of(stream.take("4d")))
    stream.end()
    stream = Bytes((folder / "images.bin").read_bytes())
    images = {}
    for _ in range(*stream.take("Q")):
        number, *pose, camera = stream.take("I7dI")
        name = stream.word()
        (count,) = stream.take("Q")
        rows = [stream.take("ddQ") for _ in range(count)]
        images[number] = image_of(name, camera, pose, rows)
    stream.end()
    stream = Bytes((folder / "points3D.bin").read_bytes())
    points = {}
    for _ in range(*stream.take("Q")):
        number, *xyz = stream.take("Q3d")
        *rgb, error, length = stream.take("3BdQ")
        assert error == 0
        points[number] = (np.array(xyz), rgb, [stream.take("II") for _ in range(length)])
    stream.end()
    return cameras, images, points


def text(folder):
    cameras = {}
    for line in lines(folder / "cameras.txt"):
        number, model, width, height, *params = line.split(" ")
        assert model == "PINHOLE"
        cameras[int(number)] = ((int(width), int(height)), k_of(map(float, params)))
    rest = lines(folder / "images.txt")
    images = {}
    for first, second in zip(rest[::2], rest[1::2], strict=True):
        number, *pose, camera, name = first.split(" ")
        numbers = [float(word) for word in second.split()]
        rows = [(*numbers[i : i + 2], int(numbers[i + 2])) for i in range(0, len(numbers), 3)]
        images[int(number)] = image_of(name, int(camera), map(float, pose), rows)
    points = {}
    for line in lines(folder / "points3D.txt"):
        words = line.split(" ")
        number, rgb, ids = words[0], words[4:7], [int(word) for word in words[8:]]
        assert float(words[7]) == 0
        where = np.array([float(word) for word in words[1:4]])
        points[int(number)] = (
            where,
            [int(c) for c in rgb],
            [*zip(ids[::2], ids[1::2], strict=True)],
        )
    return cameras, images, points


def lines(path):
    return path.read_text().splitlines()


def k_of(params):
    fx, fy, cx, cy = params
    return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])


def image_of(name, camera, pose, rows):
    w, x, y, z, *translation = pose
    assert abs(w * w + x * x + y * y + z * z - 1) < 1e-12
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = translation
    pixels = np.array([row[:2] for row in rows]).reshape(-1, 2)
    return name, camera, matrix, pixels, [row[2] for row in rows]


def views(root):
    """Each image of an object's folder, as a trainer would have it."""
    cameras, images, _ = read(root / "sparse" / "0")
    found = []
    for name, camera, matrix, *_ in images.values():
        size, k = cameras[camera]
        picture = Image.open(root / "images" / name)
        assert picture.size == size
        rgba = np.asarray(picture)
        found.append(
            Seen(rgba / 255, rgba[..., 3] > 127, pinhole(matrix, k), extras={"name": name})
        )
    return found


class Bytes:
    """Little-endian numbers without padding, one after the other."""

    def __init__(self, data):
        self._data, self._place = data, 0

    def take(self, form):
        found = struct.unpack_from(f"<{form}", self._data, self._place)
        self._place += struct.calcsize(f"<{form}")
        return found

    def word(self):
        end = self._data.index(b"\0", self._place)
        found = self._data[self._place : end].decode()
        self._place = end + 1
        return found

    def end(self):
        assert self._place == len(self._data)
