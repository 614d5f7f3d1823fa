"""Standard output and error when they are closed, on a full disk, or a pipe without a reader.

A failed write is not a bug of the worker. The first one raises one of the worker's errors, which
ends the command; later output is discarded, so that the command can end in order.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
from contextlib import AbstractContextManager
from typing import Final, TextIO

from worker.core.errors import ExitStatus, OutputUnwritable, PipeClosed

_NAMES: Final = {"stdin": "standard input", "stdout": "standard output", "stderr": "standard error"}
_KILLED: Final = 128
"""A shell reports this plus the number of the signal that ended a program."""

_failure: OutputUnwritable | PipeClosed | None = None


class _Stream(io.TextIOWrapper):
    """Standard output or error, whose first failure is one of the worker's errors."""

    def write(self, text: str) -> int:
        # click tests the stream with an empty write; unbuffered, a full disk refuses that too.
        if isinstance(text, str) and not text:
            return 0
        try:
            return super().write(text)
        except OSError as error:
            raise self._failed(error) from error

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> OutputUnwritable | PipeClosed:
        global _failure  # noqa: PLW0603 - a process has these streams once
        number = self.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, number)
        os.close(null)
        name = _NAMES["stdout" if number == 1 else "stderr"]
        if error.errno == errno.EPIPE:
            found: OutputUnwritable | PipeClosed = PipeClosed(f"nobody reads {name}")
        else:
            found = OutputUnwritable(f"{name} cannot be written: {error.strerror or error}")
        _failure = _failure or found
        return found


def take_over() -> None:
    """Make `sys.stdout` and `sys.stderr` raise OutputUnwritable and PipeClosed.

    A stream that the user closed (`<&- >&- 2>&-`) becomes the null device. Otherwise the next file
    opened would get its number, and log lines would be written into that file.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            os.dup2(null := os.open(os.devnull, os.O_RDWR), number)
            if null != number:
                os.close(null)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    sys.stdout = _taken(sys.stdout)
    sys.stderr = _taken(sys.stderr)


def _taken(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    encoding, errors = stream.encoding, stream.errors
    lines, through = stream.line_buffering, stream.write_through
    return _Stream(stream.detach(), encoding, errors, None, lines, through)


def unread() -> AbstractContextManager[None]:
    """A context for final output: a failed write only changes the exit status."""
    return contextlib.suppress(OutputUnwritable, PipeClosed)


def leave(status: int) -> int:
    """Flush both streams. Returns the exit status of a command that ended with `status`.

    Does not return if the output's reader has ended: the process then ends by SIGPIPE, as other
    programs do (a shell shows 141).
    """
    for stream in (sys.stdout, sys.stderr):
        with unread():
            stream.flush()
    if isinstance(_failure, PipeClosed) and status in {ExitStatus.DONE, ExitStatus.INTERRUPTED}:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
        return _KILLED + signal.SIGPIPE  # the first process of a container survives that
    if _failure is not None and status == ExitStatus.DONE:
        return _failure.exit_status
    return status
