"""Lists rendered as scenes the way a run does it, and read back with nothing of the worker's."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import zipfile
from pathlib import Path

import numpy as np
import OpenEXR
from PIL import Image

from tests import blenders
from tests.patience import PATIENT
from worker import presets
from worker.contract.protocol import View
from worker.core.s3 import S3Options
from worker.index.reader import open_index
from worker.index.scenes import arranged
from worker.pack.pack import pack
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher
from worker.supervisor.fence.fences import Surroundings
from worker.supervisor.pool import Pool, PoolOptions

SMALL = ("resolution=64", "samples=2", "cycles.denoise=false")


@dataclasses.dataclass(frozen=True)
class Sample:
    """One sample's files."""

    idx: int
    layers: dict[str, np.ndarray]
    rows: np.ndarray
    names: list[str]
    view: View

    @property
    def numbers(self) -> np.ndarray:
        return self.layers["IndexOB.X"]

    @property
    def classes(self) -> np.ndarray:
        return self.layers["IndexMA.X"]

    @property
    def depth(self) -> np.ndarray:
        return self.layers["Depth.Z"]

    @property
    def colour(self) -> np.ndarray:
        return np.stack([self.layers[f"Combined.{letter}"] for letter in "RGB"], -1)


class Scenery:
    """A pool of one real Blender, one of `blenders`."""

    def __init__(self, blender: str, folder: Path) -> None:
        self.folder = folder
        self._count = itertools.count()
        self.pool = Pool(
            blenders.runtime_of(blender),
            PoolOptions(device="cpu", limits=PATIENT),
            folder / "children",
            surroundings=Surroundings(objects=blenders.files_of(blender)),
        )
        self.pool.open()

    def close(self) -> None:
        self.pool.close()

    def zips(self, models: Path, preset: str, *settings: str) -> list[dict[str, bytes]]:
        """The files of every range's zip, by name."""
        recipe = presets.load(preset, [*SMALL, *settings])
        index = arranged(open_index(str(models), S3Options()), recipe)
        here = self.folder / str(next(self._count))
        fetcher = Fetcher(here / "fetched", limits=FetchLimits())
        made = []
        for number, ref in enumerate(index.read(index.shards[0])):
            scratch = here / f"{number}"
            fetched = fetcher.fetch(ref)
            packed = pack(self.pool.render(fetched, recipe, scratch), recipe, scratch)
            fetcher.release(fetched)
            with zipfile.ZipFile(packed.path) as archive:
                names = archive.namelist()
                assert all(name.startswith(f"{ref.uid}/") for name in names)
                made.append({name.partition("/")[2]: archive.read(name) for name in names})
        return made

    def samples(self, models: Path, preset: str, *settings: str) -> list[Sample]:
        """Every sample, of every range."""
        return [sample for files in self.zips(models, preset, *settings) for sample in read(files)]


def read(files: dict[str, bytes]) -> list[Sample]:
    about = json.loads(files["metadata.json"])
    camera = about["render_worker"]["scenes"]["camera"]
    view = View("", camera["camera_to_world"], camera["K"], camera["width"], camera["height"],
                "perspective", {})  # fmt: skip
    found = []
    for sample in about["samples"]:
        name = f"img/{sample['idx']:05d}"
        with OpenEXR.File(io.BytesIO(files[f"{name}.exr"]), separate_channels=True) as file:
            planes = {key: plane.pixels for key, plane in file.channels().items()}
        assert all(key.startswith("View Layer.") for key in planes)
        layers = {key.removeprefix("View Layer."): plane for key, plane in planes.items()}
        found.append(
            Sample(
                sample["idx"], layers, np.load(io.BytesIO(files[f"{name}.npy"])),
                [each["file_identifier"] for each in sample["objects"]], view,
            )
        )  # fmt: skip
    return found


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))
