"""Running a helper program for one fetch, limited by a deadline and by disk space."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from worker.core import usage
from worker.core.deadline import Deadline
from worker.core.errors import NodeError, TooLarge

POLL_S = 0.1
MAX_OUTPUT = 64 << 20
MAX_LOG = 8192


class ProgramResult(NamedTuple):
    """How a program ended: `output` is its stdout, `log` the end of its stderr."""

    status: int
    output: bytes
    log: str


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    max_bytes: int,
    deadline: Deadline,
    stdin: bytes = b"",
    max_memory: int | None = None,
) -> ProgramResult:
    """Run `command` in `folder` in its own session; at the end, kill all of the session.

    Raises: TooLarge once `folder` holds more than `max_bytes`, or the session's processes have more
    than `max_memory` resident; Download when the deadline passes, ObjectInterrupted on a stop,
    NodeError if the program does not exist.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=out, stderr=log, cwd=folder, env=environment, start_new_session=True,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise NodeError(f"{command[0]} is not installed on this node") from error
        try:
            if process.stdin is not None:
                with process.stdin:
                    process.stdin.write(stdin)
            pause = POLL_S
            while not _ended(process.pid, pause):
                deadline.left()
                before = time.monotonic()
                _check(folder, out, max_bytes)
                if (
                    max_memory is not None
                    and (used := usage.of_group(process.pid).resident) > max_memory
                ):
                    raise TooLarge(f"{used:,} bytes of memory; the limit is {max_memory:,}")
                pause = max(POLL_S, 10 * (time.monotonic() - before))
        finally:
            # Also after success: a child of the program may have outlived it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        _check(folder, out, max_bytes)
        return ProgramResult(process.returncode, _tail(out, MAX_OUTPUT), _text(log))


def size_of(folder: Path) -> int:
    """Bytes of all files below `folder`; follows no links, tolerates files that disappear."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 - a hot loop
    return total


def _ended(pid: int, seconds: float) -> bool:
    """Whether the process ends within `seconds`; not reaped, so that its id is not reused."""
    end = time.monotonic() + seconds
    nap = 0.002
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() >= end:
            return False
        time.sleep(nap)
        nap = min(2 * nap, 0.05)
    return True


def _check(folder: Path, out: IO[bytes], max_bytes: int) -> None:
    size = size_of(folder)
    if size > max_bytes:
        raise TooLarge(f"{size:,} bytes or more on disk; the limit is {max_bytes:,}")
    if os.fstat(out.fileno()).st_size > MAX_OUTPUT:
        raise TooLarge("more files than can be listed")


def _tail(file: IO[bytes], size: int) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - size))
    return file.read()


def _text(log: IO[bytes]) -> str:
    return _tail(log, MAX_LOG).decode(errors="replace").strip()
