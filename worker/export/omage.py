"""Object images as one HDF5 set, as the omages' own trainer reads them.

    df_p64_m02_res64.h5          `omage` (N, 64, 64, 12), uint16: value * 65535 truncated
    df_p64_m02_res64_meta.json   by shape id (uid), in the order of the rows: success, cate_id,
                                 cate_text, path, file_identifier

64 charts at most, margin 0.02, 64 pixels: as the recipe has them. Source:
the omages' own reader, which takes row i of the set for entry i of the JSON file.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.core import keys
from worker.core.errors import Unsupported
from worker.export import hdf5_table
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.zips import RenderZip
from worker.omage import OCCUPANCY
from worker.omage import npz_files as stored
from worker.omage.npz_files import NotOmage

WITHOUT_END: Final = 1 << 62
DATA: Final = "omage"
USUAL: Final = "objects"
"""The category of those that name none, unless told otherwise."""
NO_PIXELS: Final = np.empty(0, np.uint16)

Many = Annotated[int, msgspec.Meta(ge=1)]


class Row(msgspec.Struct, frozen=True):
    """One object."""

    uid: str
    file_identifier: str
    category: str
    name: str
    """The set's, but for the group."""
    pixels: NDArray[np.uint16]


class OmageSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False

    category: str = USUAL
    """Of objects whose metadata names no synset."""
    categories: str | None = None
    """All of them, with commas; a category's id is its place. None: the file's own, sorted."""
    group_objects: Many | None = None
    """At most so many objects in a file; None: all in one."""

    def __post_init__(self) -> None:
        """Raises: ValueError, for options that do not go together."""
        if self.group_objects is not None and self.categories is None:
            raise ValueError(
                "--group-objects goes with --categories: ids must be the same in every file"
            )
        names = [] if self.categories is None else self.categories.split(",")
        if not all(names) or len(set(names)) != len(names):
            raise ValueError(f"--categories {self.categories!r}: names with commas, each once")
        if names and self.category not in (USUAL, *names):
            raise ValueError(f"--category {self.category!r} is none of --categories")

    @property
    def grouping(self) -> Grouping | None:
        """By number."""
        return Grouping(self.group_objects or WITHOUT_END, WITHOUT_END)

    def convert(self, item: Item) -> Row:
        """One object's row. Raises: Unsupported, RenderFailed."""
        zipped = item.rendered
        spec = zipped.recipe.omage
        if zipped.recipe.product != DATA:
            raise zipped.lacking("object image")
        try:
            pixels = stored.decode(zipped.read(keys.omage_small(spec.small)))
        except NotOmage as error:
            raise zipped.damaged(f"has an object image that is none: {error}") from error
        if pixels.dtype != np.uint16 or len(pixels) != spec.small:
            raise zipped.damaged("has an object image of another size or type")
        if not pixels[..., OCCUPANCY].any():
            raise zipped.damaged("has an object image that is empty")
        return Row(
            uid=zipped.uid,
            file_identifier=item.object.file_identifier,
            category=self._category(zipped),
            name=keys.omage_set(spec.charts, spec.margin, spec.small),
            pixels=pixels,
        )

    def _category(self, zipped: RenderZip) -> str:
        about = zipped.metadata.metadata
        found = str(about.get("synset", self.category)) if isinstance(about, dict) else ""
        category = found or self.category
        if self.categories is not None and category not in self.categories.split(","):
            raise Unsupported(f"its category {category!r} is none of --categories")
        return category

    def write(self, unit: str, parts: Iterable[Row], folder: Path) -> list[str]:
        """The set and the file about it; none, if no object is left."""
        rest = iter(parts)
        first = next(rest, None)
        if first is None:
            return []
        group = None if self.group_objects is None else unit
        name = keys.omage_h5(first.name, group)
        rows: list[Row] = []
        with hdf5_table.writing(folder / name) as new:
            table = hdf5_table.Table(new, {DATA: hdf5_table.column_of(first.pixels[None])})
            for row in itertools.chain((first,), rest):
                table.append({DATA: row.pixels[None]})
                # A part of the pixels would hold on to all of them.
                rows.append(msgspec.structs.replace(row, pixels=NO_PIXELS))
        ids = self._ids(rows)
        document = {
            row.uid: {
                "success": True,
                "cate_id": ids[row.category],
                "cate_text": row.category,
                "path": keys.render_zip(row.uid),
                "file_identifier": row.file_identifier,
            }
            for row in rows
        }
        meta = keys.omage_meta(name)
        # Not sorted: entries are in the order of the rows.
        (folder / meta).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        return [name, meta]

    def _ids(self, rows: list[Row]) -> dict[str, int]:
        names = (
            sorted({row.category for row in rows})
            if self.categories is None
            else self.categories.split(",")
        )
        return {name: number for number, name in enumerate(names)}

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """As many rows as entries, each with something in it."""
        name, meta = files
        try:
            entries: dict[str, Any] = json.loads((folder / meta).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise NotAsWritten(f"{meta}: {error}") from error
        with hdf5_table.reading(folder / name) as file:
            data = file[DATA]
            if len(data) != count or len(entries) != count:
                raise NotAsWritten(f"{name} has {len(data)} rows, {meta} {len(entries)}: {count}")
            for number, uid in enumerate(entries):
                if not data[number, ..., OCCUPANCY].any():
                    raise NotAsWritten(f"{name}: row {number}, {uid}, is empty")
