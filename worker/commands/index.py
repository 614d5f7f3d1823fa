"""`render-worker index`: make a shard index from a list or a folder."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.commands.options import (
    option,
    with_s3,
)
from worker.commands.progress import counting
from worker.index import builder, listings
from worker.s3 import S3Options

app = typer.Typer(help="Make shard indexes.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Make shard indexes."""


@app.command("build")
@with_s3
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
    *,
    s3: S3Options,
) -> None:
    """Cut SOURCE into shards below --to: an index.json and JSONL files."""
    with counting("objects") as progress:
        built = builder.build(
            source,
            to,
            kind=kind,
            shard_size=shard_size,
            hash_files=hash_files,
            s3=s3,
            progress=progress,
        )
    typer.echo(f"{built.objects} objects in {built.shards} shards → {built.uri}")
