"""`render-worker index`: make a shard index from a list or a folder."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.commands.options import (
    S3Addressing,
    S3Checksums,
    S3Endpoint,
    S3Region,
    option,
    s3_options,
)
from worker.commands.progress import counting
from worker.index import builder, listings

app = typer.Typer(help="Make shard indexes.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Make shard indexes."""


@app.command("build")
def build_command(
    source: Annotated[str, typer.Argument(help="Folder, list, or ShapeNet tree; or its URL.")],
    to: Annotated[str, option("--to", "Folder or s3://bucket/prefix.", metavar="URI")],
    kind: Annotated[
        str, option("--kind", f"What SOURCE is: {', '.join(listings.KINDS)}.")
    ] = listings.AUTO,
    shard_size: Annotated[
        int, option("--shard-size", "Objects in a shard.", min=1)
    ] = builder.SHARD_SIZE,
    hash_files: Annotated[
        bool, option("--hash", "Read every local model and note its sha256.")
    ] = False,
    s3_endpoint: S3Endpoint = None,
    s3_region: S3Region = None,
    s3_addressing: S3Addressing = "auto",
    s3_checksums: S3Checksums = "when_supported",
) -> None:
    """Cut SOURCE into shards below --to: an index.json and JSONL files."""
    with counting("objects") as progress:
        built = builder.build(
            source,
            to,
            kind=kind,
            shard_size=shard_size,
            hash_files=hash_files,
            s3=s3_options(s3_endpoint, s3_region, s3_addressing, s3_checksums),
            progress=progress,
        )
    typer.echo(f"{built.objects} objects in {built.shards} shards → {built.uri}")
