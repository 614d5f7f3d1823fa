"""Outputs of synthetic scenes made without Blender: every pixel known, as EXR or PNG, in the zips
that the study's own reader takes.

A sample is a wall, 1.5 + index / 100 m away, with a square for each object, 0.5 m before it.
"""

import io
import json

import numpy as np
import OpenEXR
from PIL import Image

from worker import presets
from worker.contract.recipe import Recipe
from worker.contract.scene_keys import Scenes
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.core.ranks import Rank
from worker.index.record import ObjectRef
from worker.ledger import LedgerWriter, Outcome
from worker.pack import archive
from worker.pack.archive import Member
from worker.pack.result import PackedObject
from worker.run.job import Job
from worker.stores import open_store

SIZE = 24
WALL = (0.5, 0.18, 0.04)  # linear; sRGB by IEC 61966-2-1: 187.5, 117.6, 56.3
WALL_SRGB = (188, 118, 56)
SQUARE = (1.0, 0.0, 2.0)
SQUARE_SRGB = (255, 0, 255)
OBJECT = np.dtype(
    [("class", int), ("rot_mat", float, (3, 3)), ("quaternion", float, 4), ("euler", float, 3),
     ("bbox", float, (2, 3)), ("scale", float, 3), ("location", float, 3), ("light", float, 3)]
)  # fmt: skip


def recipe(count=4, objects=1, ending="exr", size=SIZE, products=(), **more):
    return Recipe(
        products=products,
        name="scenes-test",
        product="scenes",
        views=count,
        resolution=(size, size),
        scenes=Scenes(objects=objects, exr=ending == "exr", **more),
    )


def class_of(index, number):
    return (index + 3 * number) % 10


def box_of(number, size=SIZE):
    """Rows and columns of an object's square."""
    return slice(2, size // 2 - 1), slice(2 + 5 * number, 5 + 5 * number)


def records(index, objects):
    """A sample's array, every value of it another."""
    made = np.zeros(objects, OBJECT)
    for number in range(objects):
        made[number]["class"] = class_of(index, number)
        for place, field in enumerate(OBJECT.names[1:]):
            shape = made[number][field].shape
            count = np.prod(shape, dtype=int)
            made[number][field] = (
                100 * index + 10 * place + number + np.arange(count).reshape(shape) / 16
            )
    return made


def layers(index, objects, size=SIZE):
    """Colour, object indices, material indices and depth, as Blender gives them."""
    colour = np.empty((size, size, 3), np.float32)
    colour[:] = WALL
    number_of = np.zeros((size, size), np.float32)
    material = np.full((size, size), 99, np.float32)
    depth = np.full((size, size), 1.5 + index / 100, np.float32)
    for number in range(objects):
        box = box_of(number, size)
        colour[box] = SQUARE
        number_of[box] = number + 1
        material[box] = class_of(index, number)
        depth[box] -= 0.5
    return colour, number_of, material, depth


def exr(index, objects, size=SIZE, layer="View Layer", without=()):
    """A multilayer EXR as Blender writes it."""
    colour, number_of, material, depth = layers(index, objects, size)
    channels = {f"{layer}.Combined.{c}": colour[..., k].copy() for k, c in enumerate("RGB")}
    channels |= {
        f"{layer}.Combined.A": np.ones((size, size), np.float32),
        f"{layer}.IndexOB.X": number_of,
        f"{layer}.IndexMA.X": material,
        f"{layer}.Depth.Z": depth,
    }
    return write_exr({k: v for k, v in channels.items() if not k.endswith(tuple(without) or "?")})


def write_exr(channels):
    buffer = io.BytesIO()
    header = {"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(buffer)
    return buffer.getvalue()


def picture(index, objects, size=SIZE):
    """The same as 8-bit sRGB, (size, size, 3)."""
    pixels = np.empty((size, size, 3), np.uint8)
    pixels[:] = WALL_SRGB
    for number in range(objects):
        pixels[box_of(number, size)] = SQUARE_SRGB
    pixels[-1, -1] = (index % 256, 7, 9)
    return pixels


def png(index, objects, size=SIZE):
    buffer = io.BytesIO()
    Image.fromarray(picture(index, objects, size)).save(buffer, "PNG")
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def members(start, count, objects, ending, size=SIZE, **more):
    """The files of one zip, but for its metadata."""
    draw = exr if ending == "exr" else png
    found = {}
    for index in range(start, start + count):
        found[f"img/{index:05d}.{ending}"] = draw(index, objects, size, **more)
        found[f"img/{index:05d}.npy"] = npy(records(index, objects))
    return found


def about(start, count, objects):
    """What the metadata says of the samples; the classes have names from "class 0" on."""
    return {
        "classes": [f"class {number}" for number in range(10)],
        "samples": [
            {"idx": index, "objects": [
                {"class": class_of(index, number), "uid": keys.uid_of(f"{index}/{number}")}
                for number in range(objects)
            ]}
            for index in range(start, start + count)
        ],
    }  # fmt: skip


def identifier(start, count=4):
    return keys.scenes_range("scenes-test", start, start + count - 1)


def uid(start):
    return keys.uid_of(identifier(start))


def output(
    folder, starts, count=4, objects=1, ending="exr", failed=(), change=None, spec=None,
    products=(), **more
):  # fmt: skip
    """A finished output: a zip of `count` samples from each of `starts`, the `failed` ones none.

    `change(start, files)` may alter a zip's files, `spec` has more of the recipe's `Scenes`. Two
    shards, in no order.
    """
    made = recipe(count, objects, ending, more.get("size", SIZE), products, **spec or {})
    store = open_store(str(folder))
    rank = Rank(0, 1)
    digest = presets.digest(made)
    job = Job(objects=len(starts), index_digest="1" * 64, preset_digest=digest, recipe=made,
              rank=rank)  # fmt: skip
    job.manifest("4.5.15").bind(store)
    spool = folder.parent / f"{folder.name}-zips"
    spool.mkdir()
    with LedgerWriter(store, rank, "4.5.15", "cpu") as ledger:
        for place, start in enumerate(starts):
            ref = ObjectRef(file_identifier=identifier(start, count))
            shard = keys.shard_name(place % 2)
            if start in failed:
                error = RenderFailed("a texture is no picture")
                ledger.add(Outcome.failed(ref, shard, ledger.author, error=error, seconds={},
                                          attempt=1))  # fmt: skip
                continue
            files = members(start, count, objects, ending, **more)
            files["metadata.json"] = json.dumps(
                {"file_identifier": ref.file_identifier, "render_worker": {"preset": made.name}}
                | about(start, count, objects)
            ).encode()
            if change is not None:
                change(start, files)
            zipped = archive.write(
                spool / f"{ref.uid}.zip", ref.uid,
                [Member(name=name, data=data) for name, data in sorted(files.items())],
            )  # fmt: skip
            assert store.create(keys.render_zip(ref.uid), zipped.path)
            packed = PackedObject(
                ref=ref, path=zipped.path, sha256=zipped.sha256, size=zipped.size, views=count,
                runtime={}, render_s=1.0,
            )  # fmt: skip
            ledger.add(Outcome.rendered(ref, shard, ledger.author, packed=packed, seconds={},
                                        attempt=1))  # fmt: skip
    return folder
