"""`render-worker gallery`: a site that shows an output in a browser, and a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.commands.command import Command, application
from worker.commands.options import option, with_s3
from worker.core.locations import local_path
from worker.core.s3 import S3Options

if TYPE_CHECKING:
    from worker.report.site import SiteOptions
    from worker.stores.base import Store

EXAMPLES = """Examples:

  render-worker gallery --output renders/ --open
  render-worker gallery --output s3://bucket/renders --to gallery/ --objects 100000 --pages 500
  render-worker gallery --output renders/ --sheet sheet.png --rows 20
"""
SITE = "Site"
SHEET = "Contact sheet"

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
def gallery_command(
    output: Annotated[str, option("--output", "Output of a run.", metavar="URI")],
    to: Annotated[
        str | None,
        option(
            "--to",
            "Folder or s3://bucket/prefix for the site; default: gallery in the output.",
            SITE,
            metavar="URI",
        ),
    ] = None,
    objects: Annotated[int, option("--objects", "Objects listed, at most.", SITE, min=1)] = 10_000,
    pages: Annotated[
        int, option("--pages", "Rendered objects with a page of their views.", SITE, min=0)
    ] = 100,
    views: Annotated[int, option("--views", "Views of each page.", SITE, min=1)] = 12,
    open_it: Annotated[bool, option("--open", "Open the site in a browser.", SITE)] = False,
    sheet: Annotated[
        Path | None,
        option(
            "--sheet",
            "PNG of some views of some objects to write, instead of the site unless --to is given.",
            SHEET,
            parser=local_path,
            metavar="PATH",
        ),
    ] = None,
    rows: Annotated[int, option("--rows", "Objects of the sheet.", SHEET, min=1, max=200)] = 12,
    columns: Annotated[int, option("--columns", "Views of each.", SHEET, min=1, max=24)] = 6,
    *,
    s3: S3Options,
) -> None:
    """Show an output in a browser, or as a contact sheet."""
    from worker.core import gallery_keys
    from worker.core.errors import ConfigurationError, UsageError
    from worker.report.contact_sheet import contact_sheet
    from worker.report.site import SiteOptions
    from worker.stores import open_store, refuse_among

    store = open_store(output, s3)
    if sheet is not None:
        if not contact_sheet(store, None, sheet, rows=rows, columns=columns):
            raise ConfigurationError(f"{store.uri}: no finished object to show")
        typer.echo(f"contact sheet: {sheet}")
        if to is None and not open_it:
            return
    target = open_store(to or f"{output.rstrip('/')}/{gallery_keys.GALLERY}", s3)
    refuse_among(target, [store], "--to")
    if open_it and target.uri.startswith("s3://"):
        raise UsageError(f"--open opens a folder, not {target.uri}")
    _write_site(store, target, SiteOptions(objects=objects, pages=pages, views=views), open_it)


def _write_site(store: Store, target: Store, options: SiteOptions, open_it: bool) -> None:
    import webbrowser

    from worker.commands.progress import counting
    from worker.core import gallery_keys
    from worker.export.source import Source
    from worker.report.site import build

    with counting("objects") as progress:
        built = build(Source(store), target, options, progress=progress)
    if built.more:
        typer.echo(f"the first {built.objects:,} objects are listed; --objects lists more")
    page = f"{target.uri.rstrip('/')}/{gallery_keys.SITE_INDEX}"
    typer.echo(f"gallery: {page}")
    if open_it and not webbrowser.open(Path(page).resolve().as_uri()):
        typer.echo("there is no browser to open it with", err=True)
