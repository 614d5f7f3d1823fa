"""A catalogue of the whole output: ``catalogue-000000.parquet``, …, a row per object.

Every object that the ledger knows has a row, whatever its outcome; of what was not rendered the
columns that only a zip can fill are null. So they are of an object whose zip is gone or damaged:
its outcome is "rendered", its code and message say what became of the zip. Rows are in the order
of the uids, shard by shard.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from worker.core import keys
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.opened_zip import Metadata

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
        pa.field("bbox_min", pa.list_(pa.float64())),
        pa.field("bbox_max", pa.list_(pa.float64())),
        pa.field("metadata", pa.string()),
    ]
)
"""sha256 and file_size are the model's; the box is the object's before it was normalised;
metadata is the index's, as JSON."""
COMPRESSION: Final = "zstd"


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = True
    keeps_failed: ClassVar[bool] = True

    group_objects: int = 100_000
    """At most so many rows in a file."""
    group_mb: int = 1 << 30
    """At most so many MB of zips told of in a file."""

    @property
    def grouping(self) -> Grouping | None:
        """By number and size."""
        return Grouping(self.group_objects, self.group_mb << 20)

    def convert(self, item: Item) -> dict[str, Any]:
        """One row. Raises: RenderFailed."""
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
            "zip": keys.render_zip(found.uid),
            "zip_sha256": found.sha256,
            "zip_size": item.zip.size,
            "preset": about.render_worker.preset,
            "views": len(item.zip.views) if keys.CAMERAS in item.zip.names() else found.views,
            "width": width,
            "height": height,
            "images": sorted(about.render_worker.images),
            **{name: getattr(about, name) for name in Metadata.COUNTS},
            "missing_texture_count": about.missing_textures.count,
            "bbox_min": box and box.bbox_min,
            "bbox_max": box and box.bbox_max,
            "metadata": msgspec.json.encode(about.metadata, order="sorted").decode(),
        }

    def write(self, unit: str, parts: Iterable[dict[str, Any]], folder: Path) -> list[str]:
        """One file."""
        name = keys.parquet_file(unit)
        folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(list(parts), SCHEMA)
        pq.write_table(table, folder / name, compression=COMPRESSION)
        return [name]

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """The file opens, with its schema and a row for every object, each once."""
        (name,) = files
        try:
            table = pq.read_table(folder / name)
        except (pa.ArrowException, OSError) as error:
            raise NotAsWritten(f"{name}: {error}") from error
        if not table.schema.equals(SCHEMA):
            raise NotAsWritten(f"{name} has other columns")
        if table.num_rows != count or len(table["uid"].unique()) != count:
            raise NotAsWritten(f"{name} has {table.num_rows} rows for {count} objects")
