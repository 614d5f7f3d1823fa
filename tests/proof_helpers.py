"""What a camera must see, worked out here from triangles alone; and a studio that renders samples.

Nothing of the worker's own camera code is used to predict a picture: a ray is drawn through each
pixel by the stored pose and K, and cut with the triangles.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import io
import itertools
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import trimesh
from PIL import Image

from tests import blenders
from tests.patience import PATIENT
from worker.contract import recipe as recipes
from worker.contract import render_passes
from worker.contract.engines import RASTERISERS
from worker.contract.protocol import View
from worker.index.record import ObjectRef
from worker.pack.pack import pack
from worker.pack.raw import RawView
from worker.sources.base import FetchedObject
from worker.supervisor.fence.fences import Surroundings
from worker.supervisor.pool import Pool, PoolOptions
from worker.supervisor.result import RenderedObject
from worker.supervisor.runtime import Runtime
from worker.supervisor.shares import Work

FACES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


# What should be seen


def box(centre: Any = (0, 0, 0), sides: Any = (1, 1, 1)) -> np.ndarray:
    """A box as triangles (12,3,3)."""
    corners = np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * sides + centre
    return np.array([corners[[f[0], f[i], f[i + 1]]] for f in FACES for i in (1, 2)])


def boxes(*pairs: tuple[Any, Any]) -> np.ndarray:
    """Several of (centre, sides)."""
    return np.concatenate([box(*pair) for pair in pairs])


def moved(triangles: np.ndarray, shift: Any = (0, 0, 0), turn_z: float = 0.0, scale: Any = 1.0):
    """Scaled, then turned about Z by degrees, then moved."""
    c, s = np.cos(np.radians(turn_z)), np.sin(np.radians(turn_z))
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return triangles * scale @ turn.T + shift


def normalised(triangles: np.ndarray) -> np.ndarray:
    """Longest side 1, centred on the origin."""
    low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    return (triangles - (low + high) / 2) / (high - low).max()


@dataclasses.dataclass(frozen=True)
class Seen:
    """What the oracle sees. `coverage`: the share of a pixel's rays that hit, (H,W).

    At pixel centres: planar `depth` (inf: nothing), unit `normal` (H,W,3) towards the camera,
    `triangle` (-1: nothing). `flat`: all rays of the pixel hit one plane.
    """

    coverage: np.ndarray
    depth: np.ndarray
    normal: np.ndarray
    triangle: np.ndarray
    flat: np.ndarray


def rays(view: View, sub: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Origins and directions (H * sub, W * sub, 3) in the world; a step of 1 is a depth of 1."""
    v, u = np.mgrid[0 : view.height * sub, 0 : view.width * sub]
    k, pose = np.array(view.intrinsics), np.array(view.camera_to_world)
    x = ((u + 0.5) / sub - k[0, 2]) / k[0, 0]
    y = -((v + 0.5) / sub - k[1, 2]) / k[1, 1]
    zero, one = np.zeros_like(x), np.ones_like(x)
    if view.projection == "orthographic":
        start, way = np.stack([x, y, zero], -1), np.stack([zero, zero, -one], -1)
    else:
        start, way = np.zeros((*x.shape, 3)), np.stack([x, y, -one], -1)
    return start @ pose[:3, :3].T + pose[:3, 3], way @ pose[:3, :3].T


def project(points: np.ndarray, view: View) -> np.ndarray:
    """(N,3): u, v in pixels and planar depth, of points (N,3)."""
    k, pose = np.array(view.intrinsics), np.array(view.camera_to_world)
    local = (points - pose[:3, 3]) @ pose[:3, :3]
    depth = -local[:, 2]
    flat = local[:, :2] if view.projection == "orthographic" else local[:, :2] / depth[:, None]
    return np.stack([flat[:, 0] * k[0, 0] + k[0, 2], -flat[:, 1] * k[1, 1] + k[1, 2], depth], -1)


def cast(triangles: np.ndarray, view: View, sub: int) -> tuple[np.ndarray, np.ndarray]:
    """Nearest hit of each of `rays`: planar depth (inf: none) and triangle (-1)."""
    start, way = rays(view, sub)
    best, which = np.full(start.shape[:2], np.inf), np.full(start.shape[:2], -1)
    spots = project(triangles.reshape(-1, 3), view).reshape(-1, 3, 3)
    assert (spots[..., 2] > 0).all(), "a triangle reaches behind the camera"
    for number, (a, b, c) in enumerate(triangles):
        low = np.maximum(np.floor(spots[number, :, :2].min(axis=0) * sub).astype(int) - 1, 0)
        high = np.maximum(np.ceil(spots[number, :, :2].max(axis=0) * sub).astype(int) + 1, 0)
        part = (slice(low[1], high[1]), slice(low[0], high[0]))  # no ray elsewhere can hit it
        e, f = b - a, c - a
        p, s = np.cross(way[part], f), start[part] - a
        q = np.cross(s, e)
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = 1.0 / (p @ e)
            u = (s * p).sum(-1) * inverse
            v = (way[part] * q).sum(-1) * inverse
            t = (q @ f) * inverse
            hit = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0) & (t < best[part])
        best[part][hit], which[part][hit] = t[hit], number
    return best, which


def see(triangles: np.ndarray, view: View, sub: int = 3) -> Seen:
    """What `view` must show of `triangles`, in the normalised world. `sub` is odd."""
    sides = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    with np.errstate(invalid="ignore"):
        sides /= np.linalg.norm(sides, axis=1, keepdims=True)
    depth, which = cast(triangles, view, sub)
    size, middle = (view.height, view.width), slice(sub // 2, None, sub)
    many = which.reshape(size[0], sub, size[1], sub).swapaxes(1, 2).reshape(*size, -1)
    facing = sides[many]
    flat = (many >= 0).all(-1) & (np.abs(facing - facing[:, :, :1]) < 1e-6).all((-1, -2))
    normal = sides[which[middle, middle]]
    _, way = rays(view)
    normal = normal * -np.sign((normal * way).sum(-1, keepdims=True))
    coverage = (many >= 0).mean(-1)
    return Seen(coverage, depth[middle, middle], normal, which[middle, middle], flat)


def png_rgb_16(data: bytes) -> np.ndarray:
    """(H,W,3) of a 48-bit PNG, which Pillow cannot read whole; rows must be unfiltered."""
    assert data[12:16] == b"IHDR"
    width, height, bits, kind = struct.unpack(">IIBB", data[16:26])
    assert (bits, kind) == (16, 2)
    at, body = 8, b""
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        body += data[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += 12 + length
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].copy().view(">u2").reshape(height, width, 3)


def to_srgb(linear: Any) -> np.ndarray:
    """IEC 61966-2-1, as the standard states it; both 0 to 1."""
    value = np.asarray(linear, float)
    return np.where(value <= 0.0031308, 12.92 * value, 1.055 * value ** (1 / 2.4) - 0.055)


def share_near(points: np.ndarray, triangles: np.ndarray, within: float) -> float:
    """Share of points (N,3) that lie no farther than `within` from some triangle (M,3,3)."""
    return float((nearest(points, triangles, within)[1] <= within).mean())


def face_normals(points: np.ndarray, triangles: np.ndarray, within: float) -> np.ndarray:
    """Of each point (...,3) the unit normal of its nearest triangle; NaN with none `within`."""
    flat = points.reshape(-1, 3)
    known = np.isfinite(flat).all(axis=1)
    normals = np.full(flat.shape, np.nan)
    face, far = nearest(flat[known], triangles, within)
    across = np.cross(*np.diff(triangles, axis=1).transpose(1, 0, 2))
    with np.errstate(invalid="ignore"):  # a triangle without area is nobody's nearest
        across /= np.linalg.norm(across, axis=1, keepdims=True)
    normals[known] = across[face]
    normals[np.flatnonzero(known)[far > within]] = np.nan
    return normals.reshape(points.shape)


def nearest(
    points: np.ndarray, triangles: np.ndarray, within: float
) -> tuple[np.ndarray, np.ndarray]:
    """Of each point (N,3) its nearest triangle of (M,3,3) and how far it is; inf with none near.

    Only triangles whose box, widened by `within`, meets a point's cell can be that near to it.
    """
    cell = 0.04
    low = np.floor((triangles.min(axis=1) - within) / cell).astype(int)
    high = np.floor((triangles.max(axis=1) + within) / cell).astype(int)
    held = collections.defaultdict(list)
    for number, (first, last) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
        for key in itertools.product(*(range(a, b + 1) for a, b in zip(first, last, strict=True))):
            held[key].append(number)
    cells = [tuple(key) for key in np.floor(points / cell).astype(int).tolist()]
    pairs = [(i, j) for i, key in enumerate(cells) for j in held.get(key, ())]
    face, far = np.zeros(len(points), int), np.full(len(points), np.inf)
    if pairs:
        i, j = np.array(pairs).T
        found = trimesh.triangles.closest_point(triangles[j], points[i])
        gap = np.linalg.norm(found - points[i], axis=1)
        order = np.argsort(-gap, kind="stable")  # the least comes last, and stays
        face[i[order]], far[i[order]] = j[order], gap[order]
    return face, far


def unprojected(depth: np.ndarray, camera: dict[str, Any]) -> np.ndarray:
    """World points (H,W,3) of planar depth by a camera of cameras.json, from its words alone."""
    k, pose = np.array(camera["K"]), np.array(camera["camera_to_world"])
    v, u = np.mgrid[0 : camera["height"], 0 : camera["width"]] + 0.5
    x, y = (u - k[0, 2]) / k[0, 0], (v - k[1, 2]) / k[1, 1]
    reach = depth if camera["projection"] == "perspective" else np.ones_like(depth)
    local = np.stack([x * reach, -y * reach, -depth, np.ones_like(depth)], axis=-1)
    return (local @ pose.T)[..., :3]


def iou(one: np.ndarray, two: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((one & two).sum() / (one | two).sum())


# The studio


@dataclasses.dataclass(frozen=True)
class Shot:
    """One rendered object."""

    rendered: RenderedObject
    recipe: recipes.Recipe

    @property
    def views(self) -> list[View]:
        return self.rendered.answer.views

    @property
    def facts(self) -> dict[str, Any]:
        """The object's statistics."""
        return self.rendered.answer.scene

    def raw(self, number: int) -> np.ndarray:
        """The colour as it was rendered, (H,W,4): linear, premultiplied."""
        return self.raws[number].layer(render_passes.COMBINED)

    @functools.cached_property
    def raws(self) -> list[RawView]:
        return [RawView(view, self.rendered.scratch) for view in self.views]

    @functools.cached_property
    def members(self) -> dict[str, bytes]:
        """The zip's files by name, as the worker publishes them."""
        return self.packed()

    def packed(self, **keys: Any) -> dict[str, bytes]:
        """The zip's files with other keys for the recipe, which must concern packing alone."""
        recipe = dataclasses.replace(self.recipe, **keys)
        packed = pack(self.rendered, recipe, self.rendered.scratch)
        with zipfile.ZipFile(packed.path) as archive:
            return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}

    def image(self, name: str) -> np.ndarray:
        """A file of the zip, as it is stored; an EXR's channels in the order of their names."""
        data = self.members[name]
        if name.endswith(".npy"):
            return np.load(io.BytesIO(data))
        if name.endswith(".exr"):
            with OpenEXR.File(io.BytesIO(data), separate_channels=True) as file:
                planes = file.channels()
                return np.stack([planes[key].pixels for key in sorted(planes)], axis=-1)
        if name.endswith("normal16.png"):
            return png_rgb_16(data)
        return np.asarray(Image.open(io.BytesIO(data)))


class Studio:
    """A pool of one real Blender, and the samples made by it.

    `folder` is for models, which its child may read from the start, so that none costs a new one;
    so it is with `readable`, what a program of the tests' own needs. `recipe`: one of the engine
    that will render, if that is not Cycles.
    """

    def __init__(
        self,
        blender: str,
        folder: Path,
        runtime: Runtime | None = None,
        readable: tuple[Path, ...] = (),
        recipe: recipes.Recipe | None = None,
    ) -> None:
        self.blender = blender
        self.folder = folder
        self._shots: dict[Any, Shot] = {}
        self._count = itertools.count()
        # One child to the end, for the proofs that nothing of an object is left in it.
        device = "software" if recipe and recipe.engine in RASTERISERS else "cpu"
        options = PoolOptions(device=device, limits=PATIENT, recycle_after=10**6)
        children = folder.with_name(f"{folder.name}-children")  # private, unlike the models
        self.pool = Pool(
            runtime or blenders.runtime_of(blender),
            options,
            children,
            surroundings=Surroundings(objects=(folder, *readable, *blenders.files_of(blender))),
            work=Work(recipe=recipe),
        )
        self.pool.open()

    def close(self) -> None:
        self.pool.close()

    def sample(self, name: str) -> Path:
        """A sample's file; made when first asked for, with all of its family."""
        for family in ("hard", "proof", "demo"):
            if not (self.folder / family).exists():
                blenders.make_samples(self.blender, self.folder / family, "--family", family)
        found = [path for path in self.folder.glob(f"*/{name}") if path.is_file()]
        assert found, f"no sample {name}"
        return found[0]

    def shoot(self, model: str | Path, *, again: bool = False, **keys: Any) -> Shot:
        """A sample, or any file, under the recipe of `keys`; a second time what was shot before.

        Every object has the same identity, so that the same recipe means the same cameras.
        """
        base = {"name": "proof", "views": 2, "resolution": 64, "samples": 8}
        recipe: recipes.Recipe = recipes.from_dict({**base, **keys})
        path = model if isinstance(model, Path) else self.sample(model)
        if again or (path, recipe) not in self._shots:
            fetched = FetchedObject(
                ref=ObjectRef(file_identifier="proof", file_type=path.suffix[1:]),
                root=path.parent,
                model=path.name,
                sha256="0" * 64,
                size=path.stat().st_size,
            )
            scratch = self.folder / f"shot{next(self._count)}"
            shot = Shot(self.pool.render(fetched, recipe, scratch), recipe)
            if again:
                return shot
            self._shots[path, recipe] = shot
        return self._shots[path, recipe]
