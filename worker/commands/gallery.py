"""`render-worker gallery`: a contact sheet of finished objects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from worker.commands.command import Command, application
from worker.commands.options import option, with_s3
from worker.core.locations import local_path
from worker.core.s3 import S3Options

EXAMPLES = """Examples:

  render-worker gallery --output renders/
  render-worker gallery --output s3://bucket/renders --to sheet.png --rows 20
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
def gallery_command(
    output: Annotated[str, option("--output", "Output of a run.", metavar="URI")],
    to: Annotated[
        Path | None,
        option(
            "--to",
            "PNG to write; default: contact-sheet.png in the output.",
            parser=local_path,
            metavar="PATH",
        ),
    ] = None,
    rows: Annotated[int, option("--rows", "Objects shown.", min=1, max=200)] = 12,
    columns: Annotated[int, option("--columns", "Views of each.", min=1, max=24)] = 6,
    *,
    s3: S3Options,
) -> None:
    """Draw a contact sheet of finished objects."""
    from worker.core import keys
    from worker.core.errors import ConfigurationError
    from worker.report import gallery
    from worker.stores import open_store

    store = open_store(output, s3)
    local = Path(output) if "://" not in output else Path()
    path = to or local / keys.CONTACT_SHEET
    if not gallery.contact_sheet(store, None, path, rows=rows, columns=columns):
        raise ConfigurationError(f"{store.uri}: no finished object to show")
    typer.echo(f"contact sheet: {path}")
