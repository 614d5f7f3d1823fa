"""Outputs of renders made without Blender: three balls seen by exact rays, packed by the packer.

The raw passes are worked out here (a ball and a ray have a closed form); everything from there on
is the worker's own: image kinds, records, zip, ledger, job.json.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np

from tests.raw_views import RUNTIME, SCENE, intrinsics, look_at_origin, write_passes
from worker import presets
from worker.contract import render_passes
from worker.contract.protocol import Rendered, View
from worker.contract.recipe import Camera, Recipe, Splits
from worker.core import keys
from worker.core.errors import ImportFailed
from worker.core.ranks import Rank
from worker.index.record import ObjectRef
from worker.ledger import LedgerWriter, Outcome
from worker.pack.pack import pack
from worker.run.job import Job
from worker.sources.base import FetchedObject
from worker.stores import open_store
from worker.supervisor.result import RenderedObject

BALLS = (  # centre, radius, linear colour; in the unit cube, of no symmetry
    ((-0.15, -0.1, -0.1), 0.35, (0.8, 0.2, 0.1)),
    ((0.25, 0.15, 0.05), 0.25, (0.1, 0.5, 0.8)),
    ((-0.05, 0.2, 0.32), 0.18, (0.7, 0.7, 0.1)),
)
SIZED = {"scene_size": {"bbox_min": [-0.5] * 3, "bbox_max": [0.5] * 3}}
ALPHA = 1.0
"""Of the material."""
GPT4POINT = ("albedo", "depth", "alpha", "normal-16")


def recipe(name="test", views=8, size=64, images=("colour", "depth", "mask"), **more) -> Recipe:
    """A recipe whose zips have cameras.json."""
    made = Recipe(
        name=name, views=views, resolution=(size, size), images=images, records=("cameras",),
        camera=Camera(radius=(2.0, 2.0)),
    )  # fmt: skip
    return dataclasses.replace(made, **more)


def to_surface(points):
    """Distance of (n, 3) points to the nearest ball's surface."""
    return np.min(
        [abs(np.linalg.norm(points - np.array(c), axis=1) - r) for c, r, _ in BALLS], axis=0
    )


def locations(count, radius=2.0):
    """Directions spread evenly over the sphere, in a fixed order that is no path."""
    k = np.arange(count) * 7 % count if count % 7 else np.arange(count)
    z = 1 - (2 * k + 1) / count
    turn = np.pi * (1 + 5**0.5) * k
    flat = np.sqrt(1 - z * z)
    return radius * np.stack([flat * np.cos(turn), flat * np.sin(turn), z], -1)


def cast(pose, k, size, sub=1):
    """Depth (inf: nothing), normal, linear colour at each ray of a (size*sub)² picture."""
    v, u = np.mgrid[0 : size * sub, 0 : size * sub]
    x = ((u + 0.5) / sub - k[0][2]) / k[0][0]
    y = -((v + 0.5) / sub - k[1][2]) / k[1][1]
    way = np.stack([x, y, -np.ones_like(x)], -1) @ pose[:3, :3].T
    start = pose[:3, 3]
    depth = np.full(x.shape, np.inf)
    normal, colour = np.zeros((*x.shape, 3)), np.zeros((*x.shape, 3))
    a = (way * way).sum(-1)
    for centre, radius, shade in BALLS:
        gap = start - np.array(centre)
        b = way @ gap
        root = b * b - a * (gap @ gap - radius**2)
        t = np.where(root > 0, (-b - np.sqrt(np.maximum(root, 0))) / a, np.inf)
        near = t < depth
        depth = np.where(near, t, depth)
        place = start + np.where(near, t, 0)[..., None] * way
        n = (place - centre) / radius
        normal = np.where(near[..., None], n, normal)
        stripes = 0.75 + 0.25 * np.sin(9 * place[..., 2:] + 5 * place[..., :1])
        colour = np.where(near[..., None], np.array(shade) * stripes, colour)
    return depth, normal, colour


def position(pose, k, depth):
    """World position of each pixel's centre at its depth, (size, size, 3); 0 without one."""
    v, u = np.mgrid[0 : len(depth), 0 : len(depth)]
    z = np.where(np.isfinite(depth), depth, 0)
    x, y = (u + 0.5 - k[0][2]) / k[0][0], -(v + 0.5 - k[1][2]) / k[1][1]
    return (np.stack([x, y, -np.ones_like(x)], -1) * z[..., None]) @ pose[:3, :3].T + pose[:3, 3]


def raw_passes(pose, k, size, wanted, sub=4):
    """The passes of one view as Blender gives them: means over samples, or the pixel's centre."""
    depth, normal, colour = cast(pose, k, size, sub)
    hit = np.isfinite(depth)[..., None].astype(float)

    def mean(values):
        return values.reshape(size, sub, size, sub, -1).mean(axis=(1, 3))

    coverage = mean(hit)
    centre_depth, _, _ = cast(pose, k, size)
    seen = np.isfinite(centre_depth)[..., None]
    place = position(pose, k, centre_depth)
    number = np.argmin([np.abs(np.linalg.norm(place - np.array(c), axis=-1) - r)
                        for c, r, _ in BALLS], axis=0)[..., None] + 1  # fmt: skip
    made = {
        render_passes.COMBINED: np.concatenate([mean(colour * hit), coverage], -1),
        render_passes.DEPTH: np.where(
            np.isfinite(centre_depth), centre_depth, render_passes.NOTHING_DEPTH
        )[..., None],
        render_passes.NORMAL: mean(normal * hit),
        render_passes.ALBEDO: mean(colour * hit),
        render_passes.MATERIAL: np.concatenate(
            [coverage * ALPHA, coverage * 0, coverage * 0.5], -1
        ),
        render_passes.COVERAGE: coverage,
        render_passes.POSITION: np.where(seen, place, 0),
        render_passes.INDEX_OBJECT: np.where(seen, number, 0),
        render_passes.INDEX_MATERIAL: np.where(seen, 1 + number % 2, 0),
    }
    return {each: made[each] for each in wanted}


def rendered(folder: Path, recipe: Recipe, ref: ObjectRef, *, places=None) -> RenderedObject:
    """What a child leaves of the three balls; `places` are the cameras'."""
    folder.mkdir(parents=True, exist_ok=True)
    size = recipe.resolution[0]
    fov = recipe.camera.fov[0]
    views = []
    for number, place in enumerate(locations(recipe.views) if places is None else places):
        pose, k = look_at_origin(place), intrinsics(size, size, fov)
        name = keys.view_name(number)
        write_passes(
            folder / f"{name}.exr",
            raw_passes(pose, k, size, render_passes.passes(recipe.images), 4 if size < 256 else 1),
        )
        views.append(
            View(name=name, camera_to_world=pose.tolist(), intrinsics=k, width=size, height=size,
                 projection="perspective", files={"passes": f"{name}.exr"})
        )  # fmt: skip
    scene = SCENE | {
        **SIZED,
        "placement": {"scale": 1.0, "offset": [0.0, 0.0, 0.0]},
    }
    return RenderedObject(
        fetched=FetchedObject(ref=ref, root=folder, model="x.glb", sha256="ab" * 32, size=1234),
        scratch=folder,
        answer=Rendered(uid=ref.uid, views=views, scene=scene, runtime=RUNTIME, render_s=1.5),
    )


def output(folder: Path, recipe: Recipe, objects=3, failed=0, child=rendered, **of_ref) -> Path:
    """A finished output of `objects` objects, each the three balls, and `failed` failures.

    `child` leaves something else of each object.
    """
    store = open_store(str(folder))
    rank = Rank(0, 1)
    job = Job(objects=objects + failed, index_digest="1" * 64,
              preset_digest=presets.digest(recipe), recipe=recipe, rank=rank)  # fmt: skip
    job.manifest("4.5.15").bind(store)
    raw = folder.parent / f"{folder.name}-raw"
    with LedgerWriter(store, rank, "4.5.15", "cpu") as ledger:
        for number in range(objects):
            ref = ObjectRef(file_identifier=f"https://example.org/{number}.glb", **of_ref)
            view = child(raw, recipe, ref)
            packed = pack(view, recipe, raw)
            assert store.create(keys.render_zip(ref.uid), packed.path)
            ledger.add(Outcome.rendered(ref, keys.shard_name(number % 2), ledger.author,
                                        packed=packed, seconds={}, attempt=1))  # fmt: skip
        for number in range(failed):
            ref = ObjectRef(file_identifier=f"https://example.org/bad-{number}.glb", **of_ref)
            error = ImportFailed("no mesh in it")
            ledger.add(Outcome.failed(ref, keys.shard_name(0), ledger.author,
                                      error=error, seconds={}, attempt=1))  # fmt: skip
    return folder


def outcomes(folder: Path) -> dict[str, dict]:
    """The last outcome of each object in a ledger, by file identifier."""
    lines = [json.loads(line) for part in sorted(folder.glob("ledger/*/*.jsonl"))
             for line in part.read_text().splitlines()]  # fmt: skip
    return {line["file_identifier"]: line for line in sorted(lines, key=lambda line: line["time"])}


def uids(count):
    return [keys.uid_of(f"https://example.org/{number}.glb") for number in range(count)]


SPLITS = Splits(train=5, val=1, test=2)
