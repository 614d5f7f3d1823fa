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
PIPE: Final = 1 << 20
"""The most bytes that a pipe holds, of an ordinary user on Linux."""
PAUSE_S: Final = 0.1
"""Between two readings, in which lines gather. Blender prints some 20 a view: read one by one, they
take a tenth of the worker's processor time with small views."""
NO_PAUSE: Final = 1 << 14
"""Bytes from which on there is no pause: a full pipe stops a Blender for one pause at most."""


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
        self._left = False
        """Whether what another process prints is of no interest."""
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
        self._left = True

    def _read(self) -> None:
        printed = select.poll()
        printed.register(self._pipe.fileno(), select.POLLIN)
        try:
            while True:
                printed.poll()
                with self._lock:
                    size = self._take()
                if size == 0 or self._left:
                    return
                if size is not None and size < NO_PAUSE:
                    self._closing.wait(PAUSE_S)
        finally:
            with self._lock:
                self._pipe.close()

    def _take(self) -> int | None:
        """Read what the pipe holds. Returns: its bytes, 0 at the end; None, if there are none."""
        if self._pipe.closed:
            return 0
        try:
            data = os.read(self._pipe.fileno(), PIPE)
        except BlockingIOError:
            return None
        *lines, begun = (self._begun + data).split(b"\n")
        for line in lines[-LINES:]:
            self._lines.extend(_wrapped(line))
        *ended, self._begun = _wrapped(begun)
        self._lines.extend(ended)
        self._keep(data)
        return len(data)

    def _keep(self, data: bytes) -> None:
        """Add it to the log. One that cannot be written ends there, and the lines say so."""
        if self._log is None:
            return
        try:
            with self._log.open("ab") as whole:
                whole.write(data)
        except OSError as error:
            self._lines.append(f"{self._log.name} ends here: {error.strerror}".encode())
            self._log = None


def _wrapped(line: bytes) -> list[bytes]:
    return [line[at : at + LINE_LENGTH] for at in range(0, len(line) or 1, LINE_LENGTH)]
