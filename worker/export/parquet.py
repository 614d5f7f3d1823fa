"""The export kind `parquet`: a catalogue with one row per object of the output.

Files are ``catalogue-000000.parquet`` and so on. Every object in the ledger has a row, whatever its
outcome. Columns that come from the zip are null if the object was not rendered. They are also null
if the zip is missing or damaged: the outcome is then "rendered", and code and message describe the
problem. Rows are ordered by shard, then by uid.

With `images`, it has one row per view instead; see `worker.export.picture_rows`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from worker.core import keys
from worker.export import picture_rows
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.opened_zip import Metadata, Statistics

OF_OBJECT: Final = {
    "coverage_min": pa.float64(), "coverage_mean": pa.float64(), "brightness_mean": pa.float64(),
    "brightness_std": pa.float64(), "clipped_max": pa.float64(), "black_max": pa.float64(),
    "blank_views": pa.int32(), "border_views": pa.int32(), "phash": pa.string(),
}  # fmt: skip
OF_VIEW: Final = {
    "coverage": pa.float64(), "touches_border": pa.bool_(), "brightness_mean": pa.float64(),
    "brightness_std": pa.float64(), "clipped": pa.float64(), "black": pa.float64(),
    "phash": pa.string(),
}  # fmt: skip
"""The columns of `worker.pack.statistics`, of an object and of each of its views."""

FILES: Final = {
    "missing_file_count": "missing_files", "undecodable_file_count": "undecodable_files",
    "found_file_count": "found_files",
}  # fmt: skip
"""The columns with the number of files in these keys of ``metadata.json``."""

SCHEMA: Final = pa.schema(
    [
        pa.field("uid", pa.string(), nullable=False),
        pa.field("file_identifier", pa.string(), nullable=False),
        pa.field("source", pa.string()),
        pa.field("license", pa.string()),
        pa.field("sha256", pa.string()),
        pa.field("file_size", pa.int64()),
        pa.field("shard", pa.string(), nullable=False),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("code", pa.string()),
        pa.field("message", pa.string()),
        pa.field("zip", pa.string()),
        pa.field("zip_sha256", pa.string()),
        pa.field("zip_size", pa.int64()),
        pa.field("preset", pa.string()),
        pa.field("views", pa.int32()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("images", pa.list_(pa.string())),
        *(pa.field(name, pa.int64()) for name in Metadata.COUNTS),
        pa.field("missing_texture_count", pa.int64()),
        *(pa.field(name, pa.int64()) for name in FILES),
        pa.field("bbox_min", pa.list_(pa.float64())),
        pa.field("bbox_max", pa.list_(pa.float64())),
        pa.field("metadata", pa.string()),
        *(pa.field(name, kind) for name, kind in OF_OBJECT.items()),
        pa.field("duplicate_group", pa.string()),
        *(pa.field(f"view_{name}", pa.list_(kind)) for name, kind in OF_VIEW.items()),
    ]
)
"""sha256 and file_size are those of the model; bbox_min and bbox_max are those of the object as
imported, Z up, before normalisation; metadata is the index's, as JSON; the rest are statistics,
view_… of each view in order. duplicate_group is `Item.duplicate_group`."""
COMPRESSION: Final = "zstd"


NO_LIMIT: Final = 1 << 30


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = True
    keeps_failed: ClassVar[bool] = True
    duplicates: ClassVar[bool] = True

    group_objects: int = 100_000
    """Maximum number of rows per file."""
    group_mb: int = NO_LIMIT
    """Maximum total size of the zips listed in a file, in MB."""
    images: bool | msgspec.UnsetType = msgspec.UNSET
    """Whether to write rows of images; left out of the manifest of a catalogue, as ever."""

    @property
    def grouping(self) -> Grouping | None:
        """Groups limited by number and by size."""
        default = self.images is True and self.group_mb == NO_LIMIT
        megabytes = picture_rows.GROUP_MB if default else self.group_mb
        return Grouping(self.group_objects, megabytes << 20)

    def convert(self, item: Item) -> list[dict[str, Any]]:
        """Make one row, or one per view. Raises: RenderFailed, Unsupported."""
        return picture_rows.rows(item) if self.images is True else [self._row(item)]

    def _row(self, item: Item) -> dict[str, Any]:
        found, problem = item.object, item.problem
        row: dict[str, Any] = {
            "uid": found.uid,
            "file_identifier": found.file_identifier,
            "source": found.source,
            "license": found.license,
            "shard": found.shard,
            "outcome": found.outcome,
            "code": problem.code if problem else found.code,
            "message": str(problem) if problem else found.message,
        }
        if item.zip is None:
            return row
        about = item.zip.metadata
        width, height = item.zip.recipe.resolution
        box = about.scene_size
        return row | {
            "source": about.render_worker.source,
            "license": about.render_worker.license,
            "sha256": about.sha256,
            "file_size": about.file_size,
            "zip": item.zip.key,
            "zip_sha256": found.sha256,
            "zip_size": item.zip.size,
            "preset": about.render_worker.preset,
            "views": len(item.zip.views) if keys.CAMERAS in item.zip.names() else found.views,
            "width": width,
            "height": height,
            "images": sorted(about.render_worker.images),
            **{name: getattr(about, name) for name in Metadata.COUNTS},
            "missing_texture_count": about.missing_textures.count,
            **{name: _number(getattr(about, key)) for name, key in FILES.items()},
            "bbox_min": box and box.bbox_min,
            "bbox_max": box and box.bbox_max,
            "metadata": msgspec.json.encode(about.metadata, order="sorted").decode(),
            **_statistics(about.render_worker.statistics),
            "duplicate_group": item.duplicate_group,
        }

    def write(self, unit: str, parts: Iterable[list[dict[str, Any]]], folder: Path) -> list[str]:
        """Write one file."""
        if self.images is True:
            return picture_rows.write(unit, parts, folder)
        name = keys.parquet_file(unit)
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist([row for part in parts for row in part], SCHEMA)
        pq.write_table(table, folder / name, compression=COMPRESSION)
        return [name]

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check the schema, and that every object has exactly one row. Raises: NotAsWritten."""
        if self.images is True:
            picture_rows.check(folder, files)
            return
        (name,) = files
        try:
            table = pq.read_table(folder / name)
        except (pa.ArrowException, OSError) as error:
            raise NotAsWritten(f"{name}: {error}") from error
        if not table.schema.equals(SCHEMA):
            raise NotAsWritten(f"{name} does not have the catalogue's schema")
        if table.num_rows != count or len(table["uid"].unique()) != count:
            raise NotAsWritten(f"{name} has {table.num_rows} rows for {count} objects")


def _number(files: Collection[str] | None) -> int | None:
    return None if files is None else len(files)


def _statistics(found: Statistics) -> dict[str, Any]:
    """The columns of an object's statistics; none for a zip without them."""
    if found.object is None:
        return {}
    names = sorted(found.views, key=lambda name: (len(name), name))  # 1000 is after 999
    views = [found.views[name] for name in names]
    return {name: getattr(found.object, name) for name in OF_OBJECT} | {
        f"view_{name}": [getattr(view, name) for view in views] for name in OF_VIEW
    }
