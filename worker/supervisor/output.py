"""What a Blender prints: keeps its last lines, and adds all of it to a log."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from pathlib import Path
from typing import IO, Final

LINES: Final = 40
LINE_LENGTH: Final = 400
"""Bytes from which on a line is taken for several."""
ROOM: Final = 1 << 20
"""The most that a pipe holds, of an ordinary user on Linux."""
PAUSE_S: Final = 0.1
"""Between two readings, in which lines gather. Blender prints some 20 a view: read one by one, they
take a tenth of the worker's processor time with small views."""
MUCH: Final = 1 << 14
"""Bytes from which on there is no pause, so that a full pipe does not stop a Blender."""


class Output:
    """Reads `pipe` in a thread of its own, until its other end is closed."""

    def __init__(self, pipe: IO[bytes], log: Path | None = None) -> None:
        """`log`: a file to which all that is printed is added."""
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._log = log
        self._lock = threading.Lock()
        self._lines: deque[bytes] = deque(maxlen=LINES)
        self._begun = b""
        """A line whose end is not printed yet."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def tail(self) -> tuple[str, ...]:
        """The last lines of what is printed by now."""
        with self._lock:
            self._take()
            lines = [*self._lines, self._begun] if self._begun else [*self._lines]
        return tuple(line.decode(errors="replace").rstrip() for line in lines[-LINES:])

    def forget(self) -> None:
        """Drop the lines of what is printed by now."""
        with self._lock:
            self._take()
            self._lines.clear()
            self._begun = b""

    def close(self, timeout_s: float) -> None:
        """Read until the end, unless another process keeps the pipe open for so long."""
        self._closing.set()
        self._thread.join(timeout_s)

    def _read(self) -> None:
        printed = select.poll()
        printed.register(self._pipe.fileno(), select.POLLIN)
        try:
            while True:
                printed.poll()
                with self._lock:
                    size = self._take()
                if size == 0:
                    return
                if size is not None and size < MUCH:
                    self._closing.wait(PAUSE_S)
        finally:
            with self._lock:
                self._pipe.close()

    def _take(self) -> int | None:
        """Read what the pipe holds. Returns: its bytes, 0 at the end; None, if there are none."""
        if self._pipe.closed:
            return 0
        try:
            data = os.read(self._pipe.fileno(), ROOM)
        except BlockingIOError:
            return None
        if self._log is not None and data:
            with self._log.open("ab", buffering=0) as whole:
                whole.write(data)
        *lines, begun = (self._begun + data).split(b"\n")
        for line in lines[-LINES:]:
            self._lines.extend(_wrapped(line))
        *ended, self._begun = _wrapped(begun)
        self._lines.extend(ended)
        return len(data)


def _wrapped(line: bytes) -> list[bytes]:
    return [line[at : at + LINE_LENGTH] for at in range(0, len(line) or 1, LINE_LENGTH)]
