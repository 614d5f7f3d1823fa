"""`render-worker debug`: one object in hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from worker.commands.command import Command, application
from worker.commands.list_options import with_rules
from worker.commands.options import (
    WHAT,
    Blender,
    Downloads,
    Grace,
    Index,
    LogLevel,
    Only,
    Overrides,
    Scratch,
    option,
    preset_names,
    with_child,
    with_fetch,
    with_s3,
)
from worker.core.locations import local_path
from worker.core.s3 import S3Options

EXAMPLES = """Examples:

  render-worker debug models/ --only chair.glb --output renders/ --to chair/
  render-worker debug chair.glb --to chair/ --set views=4
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
@with_child
@with_fetch
@with_rules
def debug_command(
    index: Index,
    to: Annotated[
        Path,
        option("--to", "New folder for what is left.", WHAT, parser=local_path, metavar="PATH"),
    ],
    only: Only = None,
    output: Annotated[
        str | None,
        option(
            "--output",
            "Output of a run, for its preset and the object's history.",
            WHAT,
            metavar="URI",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        option(
            "--preset",
            "Preset name or TOML file; default: the output's.",
            WHAT,
            autocompletion=preset_names,
        ),
    ] = None,
    overrides: Overrides = None,
    *,
    pool: Any,
    blender: Blender = "auto",
    grace: Grace = 60.0,
    fetch: Any,
    rules: Any,
    downloads: Downloads = None,
    scratch: Scratch = None,
    s3: S3Options,
    log_level: LogLevel = "info",
) -> None:
    """Render one object and keep all that is left of it.

    The folder gets the object's files, the recipe, the scene as a .blend,
    Blender's log, the raw passes, the zip or the failure, and a script
    that renders it again. README.txt says what happened.
    """
    from worker.commands.ending import end_with
    from worker.core import keys
    from worker.core.errors import NodeError
    from worker.index.selection import Selection
    from worker.run.debug import DebugOptions, run
    from worker.run.session import SessionResult

    options = DebugOptions(
        index=index,
        to=to,
        only=Selection(tuple(only or ())),
        output=output,
        preset=preset,
        overrides=tuple(overrides or ()),
        blender=blender,
        pool=pool,
        fetch=fetch,
        rules=rules,
        downloads=downloads,
        scratch=scratch,
        grace_s=grace,
        s3=s3,
    )

    def work() -> SessionResult:
        summary = to / keys.DEBUG_SUMMARY
        try:
            result = run(options)
        except NodeError:
            if summary.is_file():
                typer.echo(summary)
            raise
        typer.echo(summary)
        return result

    end_with(work, log_level)
