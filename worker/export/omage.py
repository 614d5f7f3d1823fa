"""The export kind `omage`: object images in one HDF5 file, as the omages' own trainer reads them.

    df_p64_m02_res64.h5          `omage` (N, 64, 64, 12), uint16: value * 65535 truncated
    df_p64_m02_res64_meta.json   shape id (uid) to success, cate_id, cate_text, path and
                                 file_identifier, in the order of the rows

The names give the recipe's number of charts (64), margin (0.02) and size in pixels (64). Format:
the omages' own reader, which matches row i with entry i of the JSON file.
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
from worker.export.category_tables import TABLES
from worker.export.zips import RenderZip
from worker.omage import OCCUPANCY
from worker.omage import npz_files as stored
from worker.omage.npz_files import NotOmage

WITHOUT_END: Final = 1 << 62
DATA: Final = "omage"
USUAL: Final = "objects"
"""Default category of objects whose metadata names none."""
NO_PIXELS: Final = np.empty(0, np.uint16)

Many = Annotated[int, msgspec.Meta(ge=1)]


class OmageRow(msgspec.Struct, frozen=True):
    """One object's row."""

    uid: str
    key: str
    """Of the object's zip."""
    file_identifier: str
    category: str
    name: str
    """The name of the data set, without a group number."""
    pixels: NDArray[np.uint16]
    """(R, R, 12)."""


class OmageSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    category: str = USUAL
    """The category of objects whose metadata names no synset."""
    categories: str | None = None
    """All categories, separated by commas, or the name of one of
    `worker.export.category_tables`; a category's id is its position. None takes the categories
    found in the file, sorted."""
    group_objects: Many | None = None
    """Maximum number of objects per file; None puts all into one."""

    def __post_init__(self) -> None:
        """Check the combination of options. Raises: ValueError."""
        if self.group_objects is not None and self.categories is None:
            raise ValueError(
                "--group-objects requires --categories, so that ids are the same in every file"
            )
        names = self.names or ()
        if not all(names) or len(set(names)) != len(names):
            raise ValueError(
                f"--categories {self.categories!r}: give distinct names, separated by commas"
            )
        if names and self.category not in (USUAL, *names):
            raise ValueError(f"--category {self.category!r} is not one of --categories")

    @property
    def names(self) -> tuple[str, ...] | None:
        """All categories by id, if they were given."""
        if self.categories is None:
            return None
        table = TABLES.get(self.categories)
        return tuple(self.categories.split(",")) if table is None else table.names

    @property
    def grouping(self) -> Grouping | None:
        """Groups of up to `group_objects` objects."""
        return Grouping(self.group_objects or WITHOUT_END, WITHOUT_END)

    def convert(self, item: Item) -> OmageRow:
        """Read one object's row. Raises: Unsupported, RenderFailed."""
        zipped = item.rendered
        spec = zipped.recipe.omage
        if zipped.recipe.product != DATA:
            raise zipped.lacking("object image")
        try:
            pixels = stored.decode(zipped.read(keys.omage_small(spec.small)))
        except NotOmage as error:
            raise zipped.damaged(f"has an object image that does not decode: {error}") from error
        if pixels.dtype != np.uint16 or len(pixels) != spec.small:
            raise zipped.damaged(f"has an object image that is not uint16 of {spec.small} pixels")
        if not pixels[..., OCCUPANCY].any():
            raise zipped.damaged("has an object image that is empty")
        return OmageRow(
            uid=zipped.uid,
            key=zipped.key,
            file_identifier=item.object.file_identifier,
            category=self._category(zipped),
            name=keys.omage_set(spec.charts, spec.margin, spec.small),
            pixels=pixels,
        )

    def _category(self, zipped: RenderZip) -> str:
        about = zipped.metadata.metadata
        found = str(about.get("synset", self.category)) if isinstance(about, dict) else ""
        category = found or self.category
        if (table := TABLES.get(self.categories or "")) is not None:
            category = table.synsets.get(category, category)
        if self.names is not None and category not in self.names:
            raise Unsupported(f"its category {category!r} is not one of --categories")
        return category

    def write(self, unit: str, parts: Iterable[OmageRow], folder: Path) -> list[str]:
        """Write the HDF5 and the JSON file, or none if no object is left. Raises: NodeError."""
        rest = iter(parts)
        first = next(rest, None)
        if first is None:
            return []
        group = None if self.group_objects is None else unit
        name = keys.omage_h5(first.name, group)
        rows: list[OmageRow] = []
        with hdf5_table.writing(folder / name) as new:
            table = hdf5_table.Table(new, {DATA: hdf5_table.column_of(first.pixels[None])})
            for row in itertools.chain((first,), rest):
                table.append({DATA: row.pixels[None]})
                # Keep the row without its pixels, or memory would hold all images.
                rows.append(msgspec.structs.replace(row, pixels=NO_PIXELS))
        ids = self._ids(rows)
        document = {
            row.uid: {
                "success": True,
                "cate_id": ids[row.category],
                "cate_text": row.category,
                "path": row.key,
                "file_identifier": row.file_identifier,
            }
            for row in rows
        }
        meta = keys.omage_meta(name)
        # Entries must stay in the order of the rows.
        (folder / meta).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        return [name, meta]

    def _ids(self, rows: list[OmageRow]) -> dict[str, int]:
        names = self.names or sorted({row.category for row in rows})
        return {name: number for number, name in enumerate(names)}

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that rows and entries match and that no row is empty. Raises: NotAsWritten."""
        name, meta = files
        try:
            entries: dict[str, Any] = json.loads((folder / meta).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise NotAsWritten(f"{meta}: {error}") from error
        with hdf5_table.reading(folder / name) as file:
            data = file[DATA]
            if len(data) != count or len(entries) != count:
                raise NotAsWritten(
                    f"{name} has {len(data)} rows and {meta} {len(entries)} entries, not {count}"
                )
            for number, uid in enumerate(entries):
                if not data[number, ..., OCCUPANCY].any():
                    raise NotAsWritten(f"{name}: row {number} ({uid}) is empty")
