"""The command line: the program, and the exit status of each way in which it can end."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Annotated, Final

import typer

from worker import __version__
from worker.commands import variables
from worker.commands.table import CommandGroup
from worker.contract.escaping import printable
from worker.core import standard_streams
from worker.core.errors import ExitStatus, PipeClosed, WorkerError

app = typer.Typer(
    name="render-worker",
    cls=CommandGroup,
    help="Turns lists of 3D objects into training images, one zip per object.\n\n"
    "Every --option is also an environment variable: --s3-endpoint is RENDER_WORKER_S3_ENDPOINT.",
    epilog="Example:\n\n  render-worker run models/ --output renders/ --preset objaverse-xl",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

CTRL_C = 130
"""The status that typer returns after a KeyboardInterrupt."""
IMPORT: Final = "<frozen importlib._bootstrap>"
"""The file of the frames that import modules."""

# Typer bundles its own copy of click and does not export the base class of its exceptions.
CommandLineError: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"render-worker {__version__}")
        raise typer.Exit


@app.callback()
def _begin(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", is_eager=True, callback=_print_version
        ),
    ] = False,
) -> None:
    # Imported here: importing structlog takes as long as all the rest that `--help` needs.
    from worker.core import logging

    logging.configure()


def main() -> None:
    """Run the command line; the exit statuses are `errors.ExitStatus`."""
    standard_streams.take_over()
    sys.exit(standard_streams.leave(_status()))


def _status() -> int:
    try:
        # A run installs its own handlers. Until here `worker.__main__` handled both signals.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _interrupt)
        # The image runs `python -m worker`; help and errors show this name anyway.
        status = app(prog_name="render-worker", standalone_mode=False) or 0
        sys.stdout.flush()
    except typer.Exit as end:
        return end.exit_code
    except SystemExit as end:  # shell completion
        return int(end.code or 0)
    except (typer.Abort, KeyboardInterrupt):
        return _ended(ExitStatus.INTERRUPTED)
    except PipeClosed:
        return _ended(ExitStatus.INTERRUPTED)
    except WorkerError as error:
        return _ended(error.exit_status, str(error))
    except CommandLineError as error:
        # A misspelt variable may well be why an option is missing.
        line = variables.unknown(os.environ) or error.format_message()  # type: ignore[attr-defined]
        return _ended(ExitStatus.USAGE, line)
    except Exception as error:  # noqa: BLE001 - the last place to report a bug
        return _bug(error)
    return _ended(ExitStatus.INTERRUPTED) if status == CTRL_C else status


def _interrupt(_signal: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt; amid an import, which that would leave half done, end at once.

    What is left behind then is what a kill leaves.
    """
    while frame is not None:
        if frame.f_code.co_filename == IMPORT:
            os._exit(ExitStatus.INTERRUPTED)
        frame = frame.f_back
    raise KeyboardInterrupt


def _ended(status: ExitStatus, line: str = "") -> ExitStatus:
    """Print `line` on stderr, write it into the summary, and return `status`."""
    from worker.run import termination_summary as summaries

    if line:
        with standard_streams.unread():
            typer.echo(f"render-worker: {printable(line)}", err=True)
    with standard_streams.unread():
        summaries.write(status, error=line)
    return status


def _bug(error: Exception) -> ExitStatus:
    import structlog

    from worker.run import termination_summary as summaries

    with standard_streams.unread():
        structlog.get_logger().exception("a bug in the worker")
    with standard_streams.unread():
        summaries.write(ExitStatus.BUG, error=f"{type(error).__name__}: {error}")
    return ExitStatus.BUG
