"""The export kind `webdataset`: tar shards ``000000.tar``, ``000001.tar`` and so on.

Shards are numbered from 0 over the whole output without gaps, so that ``{000000..000041}.tar`` and
ZeroNVS's ``{shard:06d}.tar`` name them all. An object's members are adjacent and in one shard. The
layouts are in `worker.export.tars`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
from PIL import Image

from worker.core import keys
from worker.export import tars
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.tars import base
from worker.export.tars.base import Choices, Members


class WebDataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    layout: Literal["plain", "zeronvs"] = "plain"
    group_objects: int = 1000
    """Maximum number of objects per shard."""
    group_mb: int = 512
    """Maximum total size of a shard's zips, in MB."""
    category: str = "objects"
    """For layout zeronvs: the category of objects whose metadata names no synset."""
    background: Literal["white", "black"] = "white"
    """For layout zeronvs: the background colour."""

    def __post_init__(self) -> None:
        """Check that the category can be part of a key. Raises: ValueError."""
        if not base.fits_key(self.category):
            raise ValueError(
                f"--category {self.category!r} cannot be part of a key: {base.NO_PART}"
            )

    @property
    def grouping(self) -> Grouping | None:
        """Groups limited by number and by size."""
        return Grouping(self.group_objects, self.group_mb << 20)

    def convert(self, item: Item) -> Members:
        """Make one object's members. Raises: Unsupported, RenderFailed."""
        choices = Choices(self.category, self.background)
        return base.fitting(tars.TAR_LAYOUTS[self.layout].members(item.rendered, choices))

    def write(self, unit: str, parts: Iterable[Members], folder: Path) -> list[str]:
        """Write one tar."""
        name = keys.tar_file(unit)
        base.write(folder / name, parts, tars.TAR_LAYOUTS[self.layout].last(unit))
        return [name]

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that each key's members are adjacent and complete, and that images decode.

        Raises: NotAsWritten.
        """
        (name,) = files
        layout = tars.TAR_LAYOUTS[self.layout]
        ends = {base.split(last)[0] for last, _ in layout.last(Path(name).stem)}
        keys_seen: set[str] = set()
        objects: list[str] = []
        for key, sample in base.read(folder / name):
            if key in keys_seen:
                raise NotAsWritten(f"{name}: the members of {key} are not adjacent")
            keys_seen.add(key)
            wanted = layout.endings(key)
            if wanted is not None and not wanted <= sample.keys():
                raise NotAsWritten(f"{name}: {key} has only {', '.join(sorted(sample))}")
            for ending, data in sample.items():
                if ending.endswith("png"):
                    _decode(name, key, data)
            folder_of = key.rpartition("/")[0]
            if key not in ends and objects[-1:] != [folder_of]:
                objects.append(folder_of)
        if len(objects) != count or len(set(objects)) != count:
            raise NotAsWritten(f"{name} has {len(objects)} objects, not {count}")


def _decode(name: str, key: str, data: bytes) -> None:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotAsWritten(f"{name}: an image of {key} does not decode: {error}") from error
