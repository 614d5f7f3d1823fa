"""Parquet annotations as Objaverse-XL publishes them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from worker.core.errors import IndexInvalid
from worker.index import bounded_reads, decode
from worker.index.listings.base import Records

_BATCH: Final = 10_000


def read(path: Path, name: str) -> Records:
    """One record per row; only the columns of FIELDS are read."""
    # Imported here, because pyarrow takes 0.1 s and 50 MB that other lists do not need.
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        columns = [column for column in decode.FIELDS if column in file.schema_arrow.names]
        if "fileIdentifier" not in columns:
            raise IndexInvalid(
                f"{name}: no column fileIdentifier "
                f"(it has {', '.join(file.schema_arrow.names)[:200]})"
            )
        row = 0
        for batch in file.iter_batches(_BATCH, columns=columns):
            if batch.nbytes > bounded_reads.LARGEST_FILE:  # a dictionary repeats a long value
                raise IndexInvalid(
                    f"{name}: {batch.nbytes:,} bytes after row {row}; the limit of "
                    f"{_BATCH:,} rows is {bounded_reads.LARGEST_FILE:,}"
                )
            for fields in batch.to_pylist():
                row += 1
                where = f"{name}: row {row}"
                yield where, decode.from_fields(fields, where)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise IndexInvalid(f"{name}: not a complete Parquet file: {reason}") from error
