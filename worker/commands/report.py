"""`render-worker status` and `gallery`: what a person looks at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from worker.commands.options import (
    Output,
    option,
    with_s3,
)
from worker.core import keys
from worker.core.errors import ConfigurationError
from worker.core.s3 import S3Options
from worker.report import gallery, status
from worker.report.output import status_at
from worker.stores import open_store


@with_s3
def status_command(
    output: Output,
    index: Annotated[
        str | None, option("--index", "Of renders: the index, for counts by shard.")
    ] = None,
    source: Annotated[
        str | None,
        option("--input", "Of a data set: the output it is made of, for what is left."),
    ] = None,
    as_json: Annotated[bool, option("--json", "For a script.")] = False,
    *,
    s3: S3Options,
) -> None:
    """Count outcomes of a run or an export by code, and estimate what is left."""
    found = status_at(output, s3, index=index, source=source)
    if as_json:
        typer.echo(json.dumps(status.to_dict(found), indent=2))
    else:
        Console().print(status.render(found))


@with_s3
def gallery_command(
    output: Output,
    to: Annotated[Path | None, option("--to", "PNG to write; default: in the output.")] = None,
    rows: Annotated[int, option("--rows", "Objects shown.", min=1, max=200)] = 12,
    columns: Annotated[int, option("--columns", "Views of each.", min=1, max=24)] = 6,
    *,
    s3: S3Options,
) -> None:
    """Draw a contact sheet of finished objects."""
    store = open_store(output, s3)
    local = Path(output) if "://" not in output else Path()
    path = to or local / keys.CONTACT_SHEET
    if not gallery.contact_sheet(store, None, path, rows=rows, columns=columns):
        raise ConfigurationError(f"{store.uri}: no finished object to show")
    typer.echo(f"contact sheet: {path}")
