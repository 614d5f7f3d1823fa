"""`render-worker presets`: list the recipes, or show one in full."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.syntax import Syntax

from worker import presets
from worker.commands.options import Overrides
from worker.report import presets as listing

app = typer.Typer(help="List the presets, or show one.", invoke_without_command=True)


@app.callback()
def list_command(context: typer.Context) -> None:
    """List the presets."""
    if context.invoked_subcommand is not None:
        return
    rows, console = presets.table(), Console()
    if console.is_terminal:
        console.print(listing.render(rows, console.width))
    else:
        typer.echo(listing.plain(rows), nl=False)


@app.command("show")
def show_command(
    name: Annotated[str, typer.Argument(help="Preset name or TOML file.")],
    overrides: Overrides = None,
) -> None:
    """Print every key of a preset with its value, meaning and range, as TOML."""
    text = presets.to_toml(presets.load(name, overrides or ()))
    console = Console()
    if console.is_terminal:
        console.print(Syntax(text, "toml", background_color="default", word_wrap=True))
    else:
        typer.echo(text, nl=False)
