"""One Blender process: starts it, talks to it, enforces its limits, kills its process group."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TypeVar

import msgspec

from worker.contract import protocol
from worker.contract.protocol import (
    Beat,
    Configure,
    Configured,
    Failed,
    Phase,
    Ready,
    Rendered,
    RenderObject,
    Stop,
)
from worker.core import memory
from worker.core.errors import BlenderMissing, ConfigurationError, DeviceMissing, WorkerError
from worker.core.json_errors import NOT_JSON
from worker.supervisor.devices import EGL, RASTERISER_BY_CHOICE, SOFTWARE, Device
from worker.supervisor.environment import child_environment
from worker.supervisor.fence.policy import Fence
from worker.supervisor.launch import ANY_CORE, NO_FENCE
from worker.supervisor.libraries import MESA
from worker.supervisor.output import Output
from worker.supervisor.runtime import WHEEL, Runtime
from worker.supervisor.watchdog import LOOK_EVERY_S, Limits, Overrun, TooMuchMemory, Watch

LAUNCH = Path(__file__).with_name("launch.py")
RAW = "raw"
STOP_DEADLINE_S = 5.0
ENDING_S = 5.0
"""Time from the end of a process's output to its exit: for a core dump, or on a busy machine."""
OUTPUT_S = 1.0
"""Time for what a killed process has printed to be read."""
SHELL_SIGNALLED = 128
"""A shell exits with this plus the signal of its child; some Blenders are wrapped in a shell."""
CRASH_REPORTS = "*.crash.txt"
"""In a child's temporary folder, by Blender itself."""
REFUSALS: dict[str, type[WorkerError]] = {"configuration": ConfigurationError}
"""Errors for the codes of a child that cannot be configured; any other code is DeviceMissing."""
NO_OPENGL = {
    EGL: "eevee and workbench need a GPU with its EGL driver (in a container, "
    "NVIDIA_DRIVER_CAPABILITIES with graphics), or --device software",
    SOFTWARE: f"install Mesa (Debian: {' '.join(MESA)})",
}
"""What to do where a device of OpenGL does not draw."""
FromChild = Ready | Configured | Beat | Phase | Rendered | Failed
# Created here, because msgspec crashes if two threads are the first to decode a type.
FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
NAME = msgspec.json.Decoder(str)
FROM_CHILD: dict[str, msgspec.json.Decoder[FromChild]] = {
    kind.__name__: msgspec.json.Decoder(kind) for kind in protocol.FROM_CHILD
}

Answer = TypeVar("Answer", Ready, Configured, Rendered)


class ChildDied(Exception):
    """The process ended or violated the protocol before it answered."""


class Child:
    """A running Blender on one device. One thread uses it at a time; any thread may `kill` it."""

    def __init__(
        self,
        runtime: Runtime,
        device: Device,
        home: Path,
        limits: Limits,
        memory_limit: int,
        fence: Fence | None,
        log: Path | None = None,
        cores: Sequence[int] = (),
    ) -> None:
        """`log`: a file to which all that Blender prints is added, and its reports of crashes.

        cores: those that it may use; none stands for those of this process.
        """
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.fence = fence
        self._whole_log = log
        self.kernel_kills = memory.kernel_kills()
        ours, theirs = socket.socketpair()
        command = [*runtime.command, "--socket-fd", str(theirs.fileno())]
        with theirs, _policy(fence, home) as policy:
            given = NO_FENCE if policy is None else str(policy.fileno())
            pinned = ",".join(map(str, cores)) or ANY_CORE
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    str(LAUNCH),
                    str(os.getpid()),
                    given,
                    pinned,
                    *command,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[each.fileno() for each in (theirs, policy) if each is not None],
                start_new_session=True,
                cwd=home,
                env={
                    **child_environment(os.environ, home, wheel=runtime.name == WHEEL),
                    **device.environment,
                },
            )
        self.device = device
        self._socket = ours
        self._socket.settimeout(LOOK_EVERY_S)
        self._limits = limits
        self._memory_limit = memory_limit
        self._buffer = bytearray()
        self.objects = 0
        self.watch = self._new_watch("start")
        if log is not None:
            with log.open("a") as whole:
                whole.write(f"=== Blender, process {self.pid} ===\n")
        assert self._process.stdout is not None  # noqa: S101 - a PIPE was asked for
        self._output = Output(self._process.stdout, log)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of the process group."""
        return self._process.pid

    @property
    def raw(self) -> Path:
        """The folder for an object's raw files; see `worker.supervisor.handover`."""
        return self.home / RAW

    @property
    def log_tail(self) -> tuple[str, ...]:
        """The last lines that Blender printed."""
        return self._output.tail()

    @property
    def phase(self) -> str:
        """What the child is, or was last, about."""
        return self.watch.phase

    def start(self, threads: int, environment: str = "") -> tuple[Ready, Configured]:
        """Wait until Blender has started, then configure its device and threads.

        environment: path of an environment picture that Blender decodes as a check, or "".

        Raises: BlenderMissing, if it does not start; DeviceMissing, if its device does not exist;
        ConfigurationError, if the picture cannot be decoded.
        """
        self.watch = self._new_watch("start")  # it may have been started long ago
        try:
            ready = self._answer(Ready)
            if isinstance(ready, Failed):
                raise BlenderMissing(ready.message)
            configured = self._configured(Configure(self.device.kind, threads, environment))
        except (ChildDied, Overrun, TooMuchMemory) as error:
            self.kill()
            raise BlenderMissing(
                f"Blender did not start: {error}{_quoted(self.log_tail)}"
            ) from error
        if isinstance(configured, Failed):
            self.kill()
            if refused := REFUSALS.get(configured.code):
                raise refused(configured.message)
            advice = f"; {NO_OPENGL[self.device.kind]}" if self.device.kind in NO_OPENGL else ""
            raise DeviceMissing(f"{self.device.name}: {configured.message}{advice}")
        return ready, configured

    def _configured(self, message: Configure) -> Configured | Failed:
        """The answer; that there is no device, where a driver of OpenGL ends the process."""
        self._send(message)
        try:
            return self._answer(Configured)
        except ChildDied as error:
            if self.device.kind not in RASTERISER_BY_CHOICE.values():
                raise
            return Failed(uid="", code="device", message=f"OpenGL does not start here: {error}")

    def render(
        self, request: RenderObject, on_phase: Callable[[Phase], None] = lambda _: None
    ) -> Rendered | Failed:
        """Render one object.

        Raises: ChildDied, Overrun, TooMuchMemory; the child must be killed then.
        """
        self.objects += 1
        self._output.forget()
        self.watch = self._new_watch("import")
        self._send(request)
        return self._answer(Rendered, on_phase)

    def ask_to_stop(self) -> None:
        """Ask the child to exit, which is not waited for."""
        with contextlib.suppress(ChildDied):
            self._send(Stop())

    def stop(self) -> None:
        """Ask the child to exit; kill it if it does not."""
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_DEADLINE_S)
        self.kill()

    def kill(self) -> None:
        """Kill the process group, including grandchildren, and reap the child. May be repeated."""
        # The group may outlive its leader, so it is signalled even if the child has ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._socket.close()
        self._output.close(OUTPUT_S)
        self._keep_reports()

    def ending(self) -> str:
        """How the process ended, for messages: "killed by SIGSEGV", "exit status 3"."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDING_S)
        status = self._process.returncode
        if status is None:
            return "still running"
        if status < 0:
            return f"killed by {signal.Signals(-status).name}"
        return f"exit status {status}"

    def was_killed(self) -> bool:
        """Whether SIGKILL ended the process. Call it before `kill`, which sends SIGKILL."""
        return self._process.poll() in {-signal.SIGKILL, SHELL_SIGNALLED + signal.SIGKILL}

    def _send(self, message: protocol.Message) -> None:
        try:
            self._socket.sendall(protocol.encode(message))
        except OSError as error:
            raise ChildDied(f"it closed its socket ({self.ending()})") from error

    def _new_watch(self, phase: str) -> Watch:
        return Watch(self._limits, self._process.pid, self._memory_limit, phase)

    def _answer(
        self, kind: type[Answer], on_phase: Callable[[Phase], None] = lambda _: None
    ) -> Answer | Failed:
        while True:
            message = self._receive()
            self.watch.heard()
            if isinstance(message, Phase):
                self.watch.enter(message.phase)
                on_phase(message)
            elif isinstance(message, (kind, Failed)):
                return message
            elif not isinstance(message, Beat):
                raise ChildDied(f"it sent an unexpected message, {type(message).__name__}")

    def _receive(self) -> FromChild:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > protocol.MAX_LINE:
                raise ChildDied(f"it sent a message of more than {protocol.MAX_LINE} bytes")
            self.watch.look()
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                raise ChildDied(f"it ended without an answer ({self.ending()})")
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return decode(line)

    def _keep_reports(self) -> None:
        """Add Blender's own reports of crashes, which have a backtrace, to the log."""
        if self._whole_log is None:
            return
        for report in self.home.glob(CRASH_REPORTS):
            if stat.S_ISREG(report.lstat().st_mode):  # a hostile child can make anything of it
                with self._whole_log.open("ab") as whole:
                    whole.write(report.read_bytes())
            report.unlink()


@contextlib.contextmanager
def _policy(fence: Fence | None, home: Path) -> Iterator[IO[bytes] | None]:
    """An open file with the fence, for `launch`; a command line would show it, and has a limit."""
    if fence is None:
        yield None
        return
    with tempfile.TemporaryFile(dir=home) as file:
        file.write(fence.to_json())
        file.seek(0)
        yield file


def decode(line: bytes) -> FromChild:
    """A line from the child, read strictly: it has run untrusted files. Raises: ChildDied."""
    try:
        return FROM_CHILD[NAME.decode(FIELDS.decode(line)["type"])].decode(line)
    except (KeyError, *NOT_JSON) as error:
        raise ChildDied(f"it sent a message that violates the protocol: {error}") from error


def _quoted(tail: tuple[str, ...]) -> str:
    return f"; it printed: {' | '.join(tail[-5:])}" if tail else ""
