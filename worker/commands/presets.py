"""`render-worker presets`: list the presets, or show one in full."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.commands.command import Command, application, refuse_unknown_variables
from worker.commands.options import Overrides, preset_names

EXAMPLES = """Examples:

  render-worker presets
  render-worker presets show objaverse-xl --set views=4
"""

app = application(invoke_without_command=True, epilog=EXAMPLES)


@app.callback()
def list_command(context: typer.Context) -> None:
    """List the presets, or show one."""
    if context.invoked_subcommand is not None:
        return
    refuse_unknown_variables()
    from rich.console import Console

    from worker import presets
    from worker.report import presets as listing

    rows, console = presets.table(), Console()
    if console.is_terminal:
        console.print(listing.render(rows, console.width))
    else:
        typer.echo(listing.plain(rows), nl=False)


@app.command("show", cls=Command, epilog="Example:\n\n  render-worker presets show default")
def show_command(
    name: Annotated[
        str,
        typer.Argument(
            help="Preset name or TOML file.", metavar="NAME", autocompletion=preset_names
        ),
    ],
    overrides: Overrides = None,
) -> None:
    """Print every key of a preset with its value, meaning and range, as TOML."""
    from rich.console import Console
    from rich.syntax import Syntax

    from worker import presets

    text = presets.to_toml(presets.load(name, overrides or ()))
    console = Console()
    if console.is_terminal:
        console.print(Syntax(text, "toml", background_color="default", word_wrap=True))
    else:
        typer.echo(text, nl=False)
