"""`render-worker export`: make a data set of finished zips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from worker.commands.command import Command, application
from worker.commands.options import (
    MOST_THREADS,
    SHARE,
    STORAGE,
    Grace,
    LogLevel,
    MaxFailureRate,
    MixVersions,
    Only,
    Rank,
    Retry,
    Summary,
    WorldSize,
    argument,
    is_from_variable,
    option,
    with_s3,
)
from worker.core.locations import local_path
from worker.core.s3 import S3Options
from worker.export import EXPORT_KINDS

WHAT = "What to export"
OWN = "Options of some kinds"
EXAMPLES = """Examples:

  render-worker export webdataset --input renders/ --to shards/
  render-worker export pointcloud --input renders/ --to clouds/ --points 4096
"""

app = application()


def _kinds(incomplete: str) -> list[str]:
    return [kind for kind in EXPORT_KINDS if kind.startswith(incomplete)]


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
def export_command(
    context: typer.Context,
    kind: Annotated[
        str,
        argument(
            f"Kind of data set: {', '.join(EXPORT_KINDS)}.",
            variable="EXPORT_KIND",
            metavar="KIND",
            autocompletion=_kinds,
        ),
    ],
    source: Annotated[
        str,
        option("--input", "Output of a run: folder or s3://bucket/prefix.", WHAT, metavar="URI"),
    ],
    to: Annotated[
        str,
        option("--to", "Folder or s3://bucket/prefix of the data set.", WHAT, metavar="URI"),
    ],
    layout: Annotated[
        str | None, option("--layout", "Layout of the kind; see docs/datasets.md.", WHAT)
    ] = None,
    only: Only = None,
    where: Annotated[
        str | None,
        option(
            "--where",
            "Only objects that meet this: 'coverage_min > 0.05 and missing_textures == 0'.",
            WHAT,
            metavar="EXPR",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        option("--limit", "Use at most N objects (or input files).", WHAT, min=1),
    ] = None,
    points: Annotated[
        int | None, option("--points", "pointcloud: points per cloud (16384).", OWN, min=1)
    ] = None,
    candidates: Annotated[
        int | None,
        option(
            "--candidates",
            "pointcloud: random points to choose from (131072).",
            OWN,
            min=1,
        ),
    ] = None,
    splits: Annotated[
        str | None,
        option(
            "--splits",
            "nerf except layout get3d: train,val,test views, as counts or shares (0.8,0.1,0.1).",
            OWN,
        ),
    ] = None,
    mixed_radii: Annotated[
        bool,
        option(
            "--mixed-radii",
            "nerf layouts blender, get3d: also cameras at different distances, which some of their "
            "readers move to one.",
            OWN,
        ),
    ] = False,
    category: Annotated[
        str | None,
        option(
            "--category",
            "nerf layout get3d, webdataset layout zeronvs, omage: category of objects without one.",
            OWN,
        ),
    ] = None,
    categories: Annotated[
        str | None,
        option(
            "--categories",
            "omage: all categories, comma-separated, in the order of their ids; or abo.",
            OWN,
        ),
    ] = None,
    background: Annotated[
        str | None,
        option("--background", "webdataset layout zeronvs: white or black (white).", OWN),
    ] = None,
    cond: Annotated[
        str | None,
        option(
            "--cond",
            "trellis: output of a second run, with the views for renders_cond.",
            OWN,
            metavar="URI",
        ),
    ] = None,
    preprocess: Annotated[
        int | None,
        option(
            "--preprocess",
            "hdf5: resize to squares of EDGE pixels and standardise.",
            OWN,
            metavar="EDGE",
            min=1,
            max=4096,
        ),
    ] = None,
    lab: Annotated[
        bool, option("--lab", "hdf5: preprocess to L*a*b* instead of RGB.", OWN)
    ] = False,
    images: Annotated[
        bool, option("--images", "parquet: one row per view, with its encoded images.", OWN)
    ] = False,
    group_objects: Annotated[
        int | None,
        option(
            "--group-objects",
            "webdataset, parquet, hdf5, coco, omage: objects per file.",
            OWN,
            min=1,
        ),
    ] = None,
    group_mb: Annotated[
        int | None,
        option("--group-mb", "webdataset, parquet: MB of zips per file.", OWN, min=1),
    ] = None,
    rank: Rank = None,
    world_size: WorldSize = None,
    workers: Annotated[
        int,
        option(
            "--workers",
            "Objects processed in parallel; 0: one per CPU.",
            SHARE,
            min=0,
            max=MOST_THREADS,
        ),
    ] = 0,
    retry: Retry = None,
    max_failure_rate: MaxFailureRate = 0.5,
    mix_versions: MixVersions = False,
    grace: Grace = 60.0,
    scratch: Annotated[
        Path | None,
        option(
            "--scratch",
            "Folder for unfinished files; default: RAM if it fits.",
            STORAGE,
            parser=local_path,
            metavar="PATH",
        ),
    ] = None,
    *,
    s3: S3Options,
    summary: Summary = None,  # noqa: ARG001 - its callback stores it
    log_level: LogLevel = "info",
) -> None:
    """Make a data set of the finished zips.

    KIND is its format; docs/datasets.md and docs/systems.md describe them.
    Several workers share the objects, as in a run.
    """
    from worker.commands.ending import end_with
    from worker.export.run import ExportOptions, run
    from worker.index.selection import Selection
    from worker.ledger import codes_to_retry

    own = {
        "layout": layout,
        "points": points,
        "candidates": candidates,
        "splits": splits,
        "mixed_radii": mixed_radii or None,
        "category": category,
        "categories": categories,
        "background": background,
        "cond": cond,
        "preprocess": preprocess,
        "lab": lab or None,
        "images": images or None,
        "group_objects": group_objects,
        "group_mb": group_mb,
    }
    options = ExportOptions(
        kind=kind,
        input=source,
        to=to,
        kind_options={name: value for name, value in own.items() if value is not None},
        rank=rank,
        world_size=world_size,
        only=Selection(tuple(only or ())),
        where=where,
        limit=limit,
        retry=codes_to_retry(retry or ()),
        retry_is_told=not is_from_variable(context, "retry"),
        max_failure_rate=max_failure_rate,
        mix_versions=mix_versions,
        workers=workers,
        scratch=scratch,
        grace_s=grace,
        s3=s3,
    )
    end_with(lambda: run(options), log_level)
