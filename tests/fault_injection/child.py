"""A Blender child that does to itself what objects do to it: python -P child.py --socket-fd N.

FAULT="KIND:PHASE:PART" in its environment makes KIND happen in PHASE of every object whose uid or
model's name holds PART; without it the child is the worker's own. The worker hands the variable to
no child, so the program that starts this one sets it: see `tests.tools.programs`. The file needs
nothing but the worker's package, so that a container can run a copy of it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from worker.blender.connection import Connection
from worker.contract.protocol import Configure, Message, Phase, RenderObject, Stop

VARIABLE = "FAULT"
HOLD = "hold"
"""A file beside the model: while it is there, `wait` waits."""
WORK_S = 25.0


def _segfault(_request: RenderObject, _connection: Connection) -> None:
    ctypes.string_at(0)


def _abort(_request: RenderObject, _connection: Connection) -> None:
    os.abort()


def _leave(_request: RenderObject, _connection: Connection) -> None:
    os._exit(0)


def _spin(_request: RenderObject, _connection: Connection) -> None:
    # In C and holding the interpreter's lock: not even the heart beats.
    ctypes.PyDLL(None).usleep(2_000_000_000)


def _work(_request: RenderObject, _connection: Connection) -> None:
    _toil_for(WORK_S)  # then all goes on


def _toil(_request: RenderObject, _connection: Connection) -> None:
    _toil_for(2_000)


def _toil_for(seconds: float) -> None:
    # Holding the interpreter's lock too, but busy, as an importer or a modifier is.
    before, end = sys.getswitchinterval(), time.monotonic() + seconds
    sys.setswitchinterval(1e6)
    while time.monotonic() < end:
        pass
    sys.setswitchinterval(before)


def _sleep(_request: RenderObject, _connection: Connection) -> None:
    time.sleep(2_000)


def _wait(request: RenderObject, _connection: Connection) -> None:
    while (Path(request.root) / HOLD).exists():
        time.sleep(0.02)


def _swell(_request: RenderObject, _connection: Connection) -> None:
    hoard = []
    for _ in range(64):  # 2 GB and no more, lest a host that nobody watches is out of memory
        hoard.append(b"x" * (32 << 20))
        time.sleep(0.02)
    time.sleep(2_000)


def _flood(_request: RenderObject, _connection: Connection) -> None:
    for _ in range(300):
        sys.stdout.write("flood " * 20_000 + "\n")
    sys.stdout.write("endless " * 4_000_000)
    os.abort()


def _close_pipe(_request: RenderObject, connection: Connection) -> None:
    connection.close()
    time.sleep(2_000)


def _bad_message(_request: RenderObject, connection: Connection) -> None:
    connection.send_line(b'{"type":"Rendered","uid":17}\n')
    time.sleep(2_000)


def _cut_file(request: RenderObject, _connection: Connection) -> None:
    for path in Path(request.scratch).glob("*.exr"):
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)


def _stop(_request: RenderObject, _connection: Connection) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _take_along(_request: RenderObject, _connection: Connection) -> None:
    # As the kernel does with memory.oom.group=1: the worker's process group, and this process.
    worker = os.getppid()
    if os.getpgid(worker) != worker:
        raise RuntimeError("start the worker in a process group of its own")
    os.killpg(worker, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _grandchild(_request: RenderObject, _connection: Connection) -> None:
    subprocess.Popen(["sleep", "2000"])
    os.abort()


FAULTS: dict[str, Callable[[RenderObject, Connection], None]] = {
    "segfault": _segfault,
    "abort": _abort,
    "leave": _leave,
    "spin": _spin,
    "work": _work,
    "toil": _toil,
    "sleep": _sleep,
    "wait": _wait,
    "swell": _swell,
    "flood": _flood,
    "close-pipe": _close_pipe,
    "bad-message": _bad_message,
    "cut-file": _cut_file,
    "stop": _stop,
    "take-along": _take_along,
    "grandchild": _grandchild,
}


class FaultyConnection(Connection):
    """The child's end of the socket; the fault happens right after a phase is told."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._kind, self._phase, self._part = os.environ[VARIABLE].split(":", 2)
        self._request: RenderObject | None = None

    def receive(self) -> Configure | RenderObject | Stop | None:
        """As the worker's own; remembers which object is asked for."""
        message = super().receive()
        if isinstance(message, RenderObject):
            self._request = message
        return message

    def send(self, message: Message) -> None:
        """As the worker's own; then the fault, if this is its object and its phase."""
        super().send(message)
        request = self._request
        if request is None or not isinstance(message, Phase):
            return
        ours = self._part in request.model or self._part in request.uid
        if ours and message.phase == self._phase and message.view in {-1, 1}:
            FAULTS[self._kind](request, self)


def main(arguments: list[str]) -> None:
    """Serve as the worker's own child does, with the fault; never returns."""
    from worker.blender import child  # with bpy, which the tests themselves do without
    from worker.blender.products import told_views

    if VARIABLE in os.environ:
        vars(child)["Connection"] = FaultyConnection
        # Faults strike in the second view, however fast it is.
        vars(told_views)["TOLD_EVERY_S"] = 0.0
    child.main(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
