"""The command line: its commands, and what any way of ending means for the exit status."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import structlog
import typer

from worker.commands import doctor, export, index, omage, presets, report, run
from worker.core import logging
from worker.core.errors import ExitStatus, Interrupted, WorkerError
from worker.run import termination_summary as summaries

app = typer.Typer(
    name="render-worker",
    help="Turns lists of 3D objects into training images, one zip per object. "
    "Every --option is also the environment variable RENDER_WORKER_OPTION.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run_command)
app.command("status")(report.status_command)
app.command("doctor")(doctor.doctor_command)
app.command("warm")(doctor.warm_command)
app.command("gallery")(report.gallery_command)
app.command("export")(export.export_command)
app.command("omage-to-mesh")(omage.omage_to_mesh_command)
app.add_typer(index.app, name="index")
app.add_typer(presets.app, name="presets")

CTRL_C = 130
"""What typer ends with at a KeyboardInterrupt."""

# Typer carries its own copy of click and exports only the leaves of its exceptions.
CommandLineError: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def main() -> None:
    """Run the command line; the exit statuses are `errors.ExitStatus`."""
    _open_standard_streams()
    sys.exit(_status())


def _open_standard_streams() -> None:
    """Give what a person closed (`<&- >&- 2>&-`) to the null device.

    Else the next file opened takes its number, and what is logged would be written into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            os.dup2(null := os.open(os.devnull, os.O_RDWR), number)
            if null != number:
                os.close(null)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def _stopped(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Interrupted("stopped before the work began, or after it was done")


def _status() -> int:
    try:
        # A run has handlers of its own; before and after it, a TERM is a clean stop too. Until
        # here `worker.__main__` saw to both.
        signal.signal(signal.SIGTERM, _stopped)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        logging.configure()
        # Its name however it was started: the image runs `python -m worker`.
        status = app(prog_name="render-worker", standalone_mode=False) or 0
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _said(ExitStatus.INTERRUPTED)
    except WorkerError as error:
        return _said(error.exit_status, str(error))
    except CommandLineError as error:
        return _said(ExitStatus.USAGE, error.format_message())  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - the last place to say that it is our bug
        structlog.get_logger().exception("a bug of the worker's")
        summaries.write(ExitStatus.BUG, error=f"{type(error).__name__}: {error}")
        return ExitStatus.BUG
    return _said(ExitStatus.INTERRUPTED) if status == CTRL_C else status


def _said(status: ExitStatus, line: str = "") -> ExitStatus:
    """`status`, once a person and the summary have its line."""
    if line:
        typer.echo(f"render-worker: {line}", err=True)
    summaries.write(status, error=line)
    return status
