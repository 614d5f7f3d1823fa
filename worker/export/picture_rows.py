"""Rows of encoded images: `export parquet --images` writes one row per view of a rendered object.

Files are ``images-000000.parquet`` and so on. Each image kind is a column of structs of `bytes`,
the file as it is in the zip, and `path`. By the key ``huggingface`` of the schema's metadata, the
`datasets` library and its viewer know which columns are images. EXR and NPY files, which that
library does not decode, are columns of bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from worker.core import keys
from worker.export import images
from worker.export.base import Item, NotAsWritten

GROUP_MB: Final = 512
"""Default maximum total size of the zips in a file, in MB."""
PNG: Final = ".png"
COMPRESSION: Final = "zstd"
HUGGINGFACE: Final = b"huggingface"
"""The key of the schema's metadata that the `datasets` library reads."""
_IMAGE: Final = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_MATRIX: Final = pa.list_(pa.list_(pa.float64()))
_FIELDS: Final = {
    "uid": pa.string(), "file_identifier": pa.string(), "license": pa.string(),
    "preset": pa.string(), "view": pa.string(), "width": pa.int32(), "height": pa.int32(),
    "projection": pa.string(), "K": _MATRIX, "camera_to_world": _MATRIX, "facts": pa.string(),
}  # fmt: skip
"""camera_to_world has OpenGL axes; facts is JSON: by image kind, such as depth's near and far."""
_DTYPES: Final = {pa.string(): "string", pa.int32(): "int32", pa.binary(): "binary"}

Row = dict[str, Any]


def rows(item: Item) -> list[Row]:
    """One row per view; none for an object that was not rendered.

    Raises: Unsupported, RenderFailed.
    """
    zipped = item.zip
    if zipped is None:
        return []
    about = zipped.metadata.render_worker
    made = []
    for view in zipped.views:
        row: Row = {
            "uid": zipped.uid,
            "file_identifier": zipped.metadata.file_identifier,
            "license": about.license,
            "preset": about.preset,
            "view": view.name,
            "width": view.width,
            "height": view.height,
            "projection": view.projection,
            "K": view.K,
            "camera_to_world": view.camera_to_world,
            "facts": json.dumps(view.facts, sort_keys=True),
        }
        for kind, name in view.files.items():
            data = images.checked(zipped, view, kind)
            row[kind] = {"bytes": data, "path": name} if name.endswith(PNG) else data
        made.append(row)
    return made


def write(unit: str, parts: Iterable[list[Row]], folder: Path) -> list[str]:
    """Write one file, an object at a time."""
    name = keys.image_rows_file(unit)
    folder.mkdir(parents=True, exist_ok=True)
    writer = None
    try:
        for part in parts:
            if part and writer is None:
                writer = pq.ParquetWriter(folder / name, _schema(part[0]), compression=COMPRESSION)
            if part and writer is not None:
                writer.write_table(pa.Table.from_pylist(part, writer.schema))
    finally:
        if writer is not None:
            writer.close()
    if writer is None:  # nothing in this group was rendered
        pq.write_table(_schema({}).empty_table(), folder / name, compression=COMPRESSION)
    return [name]


def check(folder: Path, files: list[str]) -> None:
    """Check the schema's description, and that no view has two rows. Raises: NotAsWritten."""
    (name,) = files
    try:
        schema = pq.read_schema(folder / name)
        found = pq.read_table(folder / name, columns=["uid", "view"]).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise NotAsWritten(f"{name}: {error}") from error
    features = json.loads((schema.metadata or {}).get(HUGGINGFACE, b"{}"))
    if list(features.get("info", {}).get("features", ())) != schema.names:
        raise NotAsWritten(f"{name} does not describe its columns")
    if len({(row["uid"], row["view"]) for row in found}) != len(found):
        raise NotAsWritten(f"{name} has two rows for one view")


def _schema(row: Row) -> pa.Schema:
    """The schema of rows like this one, with its description."""
    kinds = {name: value for name, value in row.items() if name not in _FIELDS}
    columns = _FIELDS | {
        name: _IMAGE if isinstance(value, dict) else pa.binary() for name, value in kinds.items()
    }
    features = {name: _feature(kind) for name, kind in columns.items()}
    described = json.dumps({"info": {"features": features}})
    return pa.schema(list(columns.items()), metadata={HUGGINGFACE: described})


def _feature(kind: pa.DataType) -> dict[str, Any]:
    """How the `datasets` library names a column's type."""
    if kind == _IMAGE:
        return {"_type": "Image"}
    if kind == _MATRIX:
        number = {"dtype": "float64", "_type": "Value"}
        # "Sequence" is the name that releases before 4 know too; later ones call it "List".
        return {"feature": {"feature": number, "_type": "Sequence"}, "_type": "Sequence"}
    return {"dtype": _DTYPES[kind], "_type": "Value"}
