"""Told to stop: what can finish is published, the rest is recorded, the next run does it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command_line import ROOT, command, environment, run_worker
from tests.e2e import crash
from tests.fault_injection.child import HOLD
from tests.patience import HANG_S, until
from tests.tools import processes
from tests.tools.files import found
from tests.tools.programs import faulty, program
from worker.core import keys
from worker.stores import open_store

FIRST, SLOW = "cube-000.obj", "cube-002.obj"
STOPPED = 75
STOPPED_SAYS = "render-worker: stopped; run the same command again to go on where it stopped"


class Place:
    """A scratch folder and an output, with a Blender that has a fault on one of the models; but
    for a test's own it sleeps there for ever.
    """

    def __init__(self, folder: Path) -> None:
        self.models = crash.cubes(folder / "models", 8)
        self.output, self.scratch, self.log = folder / "out", folder / "scratch", folder / "log"
        self.blender = folder / "faulty-blender"

    def arguments(self, *more: object) -> tuple[object, ...]:
        return (self.models, "--output", self.output, "--scratch", self.scratch, *crash.TINY, *more)

    def asleep(self, *more: object):
        return self.faulty(f"sleep:scene:{SLOW}", *more)

    def faulty(self, fault: str, *more: object):
        """A worker whose Blender has this fault."""
        return self.worker_with(faulty(self.blender, fault), *more)

    def worker_with(self, blender: Path, *more: object):
        arguments = self.arguments("--blender", blender, *crash.PATIENT_OPTIONS, *more)
        return crash.worker(*arguments, log=self.log, first=crash.LAST_WORDS)

    def zips(self) -> int:
        return len(list(self.output.glob("renders/*.zip")))

    def at_work(self, model: str = SLOW) -> bool:
        """Blender is about this object, and all before it are published."""
        raws = [path.parent.name for path in found(self.scratch, "*/objects/*/*/raw")]
        return raws == [keys.uid_of(model)]

    def codes(self) -> list[str | None]:
        return sorted(
            str(code) for _, code, _ in crash.folded(open_store(str(self.output))).values()
        )

    def nothing_is_left(self) -> None:
        assert processes.below(self.scratch) == []
        assert list(self.scratch.iterdir()) == []

    def run_again_finishes(self) -> None:
        run_worker("run", *self.arguments())
        assert self.zips() == 8
        assert self.codes() == ["None"] * 8
        self.nothing_is_left()


@contextmanager
def terminal(words: list[str]) -> Iterator[tuple[subprocess.Popen, Callable[[], str]]]:
    """A process whose stderr is a terminal of 160 columns, and what it has shown so far."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 160, 0, 0))
    shown = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):  # the other end is closed
            while data := os.read(ours, 1 << 16):
                shown.extend(data)

    def seen() -> str:
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode(errors="replace"))
        return text.replace("\r", "\n")

    env = {**environment(), "TERM": "xterm-256color"}
    process = subprocess.Popen(words, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield process, seen
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(HANG_S)
        os.close(ours)


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_does_not_finish_within_the_grace_is_recorded_as_interrupted(number, place):
    with place.asleep("--grace", 2, *crash.IN_ORDER) as worker:
        until(place.at_work, while_runs=worker)
        asked = time.monotonic()
        worker.send_signal(number)
        assert worker.wait(HANG_S) == STOPPED, place.log.read_text()
        assert time.monotonic() - asked > 1.5, "it waited for its object"
    # Not what waited behind it, which was never begun.
    assert place.codes() == ["None", "None", "interrupted"]
    assert place.zips() == 2
    assert place.log.read_text().splitlines()[-1] == STOPPED_SAYS
    assert '"failed": 0, "new": 0, "interrupted": 1' in place.log.read_text()
    place.nothing_is_left()
    place.run_again_finishes()


def test_ctrl_c_on_a_terminal_leaves_the_bar_where_it_is(place):
    """What a person sees: no failure, no full bar, and what to do next."""
    faulty(place.blender, f"sleep:scene:{SLOW}")
    arguments = place.arguments("--blender", place.blender, *crash.PATIENT_OPTIONS, *crash.IN_ORDER,
                                "--grace", 0)  # fmt: skip
    with terminal(command("run", *arguments, first=crash.LAST_WORDS)) as (worker, seen):
        until(place.at_work, while_runs=worker)
        until(lambda: "2/8" in seen(), seen, while_runs=worker)
        worker.send_signal(signal.SIGINT)
        assert worker.wait(HANG_S) == STOPPED, seen()
    lines = [line for line in seen().splitlines() if line.strip()]
    assert " ".join(lines[-2:]).replace("  ", " ").endswith(STOPPED_SAYS)
    assert "stopped before the end: 2 rendered, 1 interrupted" in " ".join(lines)
    bars = [line for line in lines if "/8" in line]
    assert "2/8" in bars[-1]
    assert "0 failed" in bars[-1]
    place.run_again_finishes()


def test_what_finishes_within_the_grace_is_published(place):
    hold = place.models / HOLD
    hold.touch()
    options = ("--grace", 2 * HANG_S, *crash.IN_ORDER)
    with place.faulty(f"wait:scene:{FIRST}", *options) as worker:
        until(lambda: place.at_work(FIRST), while_runs=worker)
        worker.send_signal(signal.SIGTERM)
        until(
            lambda: "stopping: finishing work in progress" in place.log.read_text(),
            while_runs=worker,
        )
        hold.unlink()
        # It waits for work, not for the grace to pass.
        assert worker.wait(HANG_S) == STOPPED, place.log.read_text()
    assert place.codes().count("None") == place.zips() == 1
    place.nothing_is_left()


def test_a_second_signal_stops_at_once(place):
    with place.asleep("--grace", 2 * HANG_S) as worker:
        until(place.at_work, while_runs=worker)
        worker.send_signal(signal.SIGTERM)
        until(
            lambda: "stopping: finishing work in progress" in place.log.read_text(),
            while_runs=worker,
        )
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(HANG_S) == STOPPED, place.log.read_text()
    assert "interrupted" in place.codes()
    place.nothing_is_left()


def test_a_burst_of_signals_is_a_stop_at_once(place):
    with place.asleep("--grace", 2 * HANG_S) as worker:
        until(place.at_work, while_runs=worker)
        for _ in range(200):
            worker.send_signal(signal.SIGTERM)
            worker.send_signal(signal.SIGINT)
        assert worker.wait(HANG_S) == STOPPED, place.log.read_text()
    place.nothing_is_left()


def test_two_signals_while_blender_starts_end_it(place):
    with place.worker_with(
        program(place.blender, "exec sleep 2000"), "--grace", 2 * HANG_S
    ) as worker:
        until(lambda: processes.below(place.scratch), while_runs=worker)
        worker.send_signal(signal.SIGINT)  # two of one kind at once would count as one
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(HANG_S) == STOPPED, place.log.read_text()
    place.nothing_is_left()


def test_a_killed_worker_leaves_no_blender(place):
    with place.asleep() as worker:
        until(place.at_work, while_runs=worker)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        until(lambda: not processes.below(place.scratch))
    assert place.zips() < 8
    place.run_again_finishes()


ENDLESS_IMPORT = """
import runpy, sys
awaited = sys.argv[1]
class Finder:
    def find_spec(name, path, target=None):
        if name == awaited:
            print("importing", file=sys.stderr, flush=True)
            sys.stdin.read()
sys.meta_path.insert(0, Finder)
sys.argv[:] = ["render-worker", *sys.argv[2:]]
runpy.run_module("worker", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("module", ["worker.cli", "worker.commands.presets", "worker.presets"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_the_program_is_still_importing_is_clean_too(number, module):
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS_IMPORT, module, "presets"], cwd=ROOT, env=environment(),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr.readline() == "importing\n"
        process.send_signal(number)
        printed, said = process.communicate(timeout=HANG_S)
    assert process.returncode == STOPPED, said
    assert "Traceback" not in said
    assert printed == ""
