"""What all commands of the command line have in common."""

from __future__ import annotations

import os
from typing import Any, Final

import typer
from typer.core import TyperCommand

from worker.commands import variables
from worker.core.errors import UsageError

OTHER: Final = "Other options"


def application(**more: Any) -> typer.Typer:
    """What a module's commands are registered with; the completion is the whole program's."""
    return typer.Typer(add_completion=False, **more)


def refuse_unknown_variables(own: frozenset[str] = frozenset()) -> None:
    """Refuse an environment with a RENDER_WORKER_ variable that nothing reads.

    `own` are variables of the command itself. Raises: UsageError.
    """
    if line := variables.unknown(os.environ, own):
        raise UsageError(line)


class Command(TyperCommand):
    """A command, which begins with a look at the environment's variables."""

    def invoke(self, ctx: Any) -> Any:
        """Do the command. Raises: UsageError for a variable that nothing reads."""
        refuse_unknown_variables(frozenset(str(each.envvar) for each in self.params))
        return super().invoke(ctx)

    def get_help_option(self, ctx: Any) -> Any:
        """`--help`, in a panel at the end where all other options are in panels."""
        option: Any = super().get_help_option(ctx)
        options = [each for each in self.params if each.param_type_name == "option"]
        if option is not None and all(getattr(each, "rich_help_panel", None) for each in options):
            option.rich_help_panel = OTHER
        return option
