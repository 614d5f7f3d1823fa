"""`render-worker index`: make a shard index from a list or a folder."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from worker import presets
from worker.commands.options import (
    Overrides,
    option,
    with_s3,
)
from worker.commands.progress import counting
from worker.core.errors import UsageError
from worker.core.s3 import S3Options
from worker.index import builder, listings
from worker.index.scenes import ranges

SCENES = 50

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
        str, option("--kind", f"What SOURCE is: {', '.join(listings.LIST_KINDS)}.")
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


@app.command("scenes")
@with_s3
def scenes_command(
    source: Annotated[
        str, typer.Argument(help="Folder, list, ShapeNet tree or index of objects; or its URL.")
    ],
    to: Annotated[str, option("--to", "Folder or s3://bucket/prefix.", metavar="URI")],
    preset: Annotated[str, option("--preset", "Preset of product scenes, as for the run.")],
    overrides: Overrides = None,
    kind: Annotated[
        str, option("--kind", f"What SOURCE is: {', '.join(listings.LIST_KINDS)}.")
    ] = listings.AUTO,
    shard_size: Annotated[int, option("--shard-size", "Zips in a shard.", min=1)] = SCENES,
    *,
    s3: S3Options,
) -> None:
    """Draw the objects of every sample of PRESET from SOURCE: an index of ranges of samples.

    A run over SOURCE does the same in each worker; with very long lists, once is enough.
    """
    recipe = presets.load(preset, overrides or ())
    if recipe.product != "scenes":
        raise UsageError(f"preset '{preset}' makes no scenes; scenes-multi and its like do")
    with counting("objects") as progress:
        built = builder.build(
            source,
            to,
            kind=kind,
            shard_size=shard_size,
            s3=s3,
            progress=progress,
            arrange=partial(ranges, recipe=recipe),
        )
    typer.echo(f"{built.objects} ranges in {built.shards} shards → {built.uri}")
