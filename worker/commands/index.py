"""`render-worker index`: make a shard index from a list or a folder."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from worker.commands.command import Command, application
from worker.commands.list_options import with_rules
from worker.commands.options import Overrides, option, preset_names, with_s3
from worker.core.errors import UsageError
from worker.core.s3 import S3Options
from worker.index.listings import AUTO, LIST_KINDS
from worker.index.record import SHARD_SIZE

SCENES = 50
BUILD = """Examples:

  render-worker index build models/ --to index/
  render-worker index build s3://bucket/list.parquet --to s3://bucket/index
"""
DRAW = """Example:

  render-worker index scenes models/ --preset scenes-multi --to index/
"""

app = application(no_args_is_help=True, epilog=BUILD)


def _kinds(incomplete: str) -> list[str]:
    return [kind for kind in (AUTO, *LIST_KINDS) if kind.startswith(incomplete)]


To = Annotated[str, option("--to", "Folder or s3://bucket/prefix of the index.", metavar="URI")]
Kind = Annotated[
    str,
    option("--kind", f"Type of SOURCE: auto, {', '.join(LIST_KINDS)}.", autocompletion=_kinds),
]


@app.callback()
def group() -> None:
    """Cut a list of objects into shards."""


@app.command("build", cls=Command, epilog=BUILD)
@with_s3
@with_rules
def build_command(
    source: Annotated[
        str,
        typer.Argument(help="Folder, list or ShapeNet tree; a path or a URL.", metavar="SOURCE"),
    ],
    to: To,
    kind: Kind = AUTO,
    shard_size: Annotated[int, option("--shard-size", "Objects per shard.", min=1)] = SHARD_SIZE,
    hash_files: Annotated[
        bool, option("--hash", "Read every local model and record its sha256.")
    ] = False,
    *,
    rules: Any,
    s3: S3Options,
) -> None:
    """Cut the list SOURCE into shards: an index.json and JSONL files."""
    from worker.commands.progress import counting
    from worker.index import builder

    with counting("objects") as progress:
        built = builder.build(
            source,
            to,
            kind=kind,
            shard_size=shard_size,
            hash_files=hash_files,
            s3=s3,
            rules=rules,
            progress=progress,
        )
    typer.echo(f"{built.objects} objects in {built.shards} shards → {built.uri}")


@app.command("scenes", cls=Command, epilog=DRAW)
@with_s3
@with_rules
def scenes_command(
    source: Annotated[
        str,
        typer.Argument(
            help="Folder, list, ShapeNet tree or index; a path or a URL.", metavar="SOURCE"
        ),
    ],
    to: To,
    preset: Annotated[
        str,
        option(
            "--preset",
            "Preset of synthetic scenes, the same as for the run.",
            autocompletion=preset_names,
        ),
    ],
    overrides: Overrides = None,
    kind: Kind = AUTO,
    shard_size: Annotated[int, option("--shard-size", "Zips per shard.", min=1)] = SCENES,
    *,
    rules: Any,
    s3: S3Options,
) -> None:
    """Draw the objects of synthetic scenes into an index.

    A run over SOURCE draws them again in each worker. For very long lists,
    draw them once.
    """
    from functools import partial

    from worker import presets
    from worker.commands.progress import counting
    from worker.index import builder
    from worker.index.scenes import ranges

    recipe = presets.load(preset, overrides or ())
    if recipe.product != "scenes":
        raise UsageError(f"preset '{preset}' makes no scenes; use one such as scenes-multi")
    with counting("objects") as progress:
        built = builder.build(
            source,
            to,
            kind=kind,
            shard_size=shard_size,
            s3=s3,
            rules=rules,
            progress=progress,
            arrange=partial(ranges, recipe=recipe),
        )
    typer.echo(f"{built.objects} ranges in {built.shards} shards → {built.uri}")
