"""Told to stop: what can finish is published, the rest is recorded, the next run does it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e import crash
from tests.e2e.conftest import ROOT, environment, run_worker
from worker import keys
from worker.blender.mischief import VARIABLE as MISCHIEF
from worker.stores import open_store

SLOW = "cube-002.obj"
STOPPED = 75
LONG_VIEWS = ("--set", "views=12", "--set", "resolution=64", "--set", "samples=16")


class Place:
    """A scratch folder and an output, with a Blender that sleeps for ever on one of the models.

    The worker hands the fault's variable to no child, so a Blender program of the test's own
    sets it.
    """

    def __init__(self, folder: Path) -> None:
        self.models = crash.cubes(folder / "models", 8)
        self.output, self.scratch, self.log = folder / "out", folder / "scratch", folder / "log"
        self.sleeping = folder / "sleeping-blender"
        script = f"{sys.executable} -P -m worker.blender"
        self.sleeping.write_text(
            "#!/bin/sh\n"
            f"export {MISCHIEF}=sleep:scene:{SLOW}\n"
            'while [ "$1" != "--" ]; do shift; done; shift\n'
            f'exec {script} "$@"\n'
        )
        self.sleeping.chmod(0o755)

    def arguments(self, *more: object) -> tuple[object, ...]:
        return (self.models, "--output", self.output, "--scratch", self.scratch, *crash.TINY, *more)

    def asleep(self, *more: object, **variables: str):
        return crash.worker(
            *self.arguments("--blender", self.sleeping, *more), log=self.log, **variables
        )

    def zips(self) -> int:
        return len(list(self.output.glob("renders/*.zip")))

    def at_work(self) -> bool:
        """Blender sleeps on its object, and all before it are published."""
        raws = [path.parent.name for path in self.scratch.glob("*/objects/*/*/raw")]
        return raws == [keys.uid_of(SLOW)]

    def codes(self) -> list[str | None]:
        return sorted(
            str(code) for _, code, _ in crash.folded(open_store(str(self.output))).values()
        )

    def nothing_is_left(self) -> None:
        assert crash.blenders_in(self.scratch) == []
        assert list(self.scratch.iterdir()) == []

    def run_again_finishes(self) -> None:
        run_worker("run", *self.arguments())
        assert self.zips() == 8
        assert self.codes() == ["None"] * 8
        self.nothing_is_left()


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_does_not_finish_within_the_grace_is_recorded_as_interrupted(number, place):
    with place.asleep("--grace", 2) as worker:
        crash.wait_for(place.at_work)
        worker.send_signal(number)
        asked = time.monotonic()
        assert worker.wait(30) == STOPPED, place.log.read_text()
        assert 1.5 < time.monotonic() - asked < 12
    codes = place.codes()
    assert codes.count("None") == place.zips() < 8
    assert codes.count("interrupted") >= 1
    assert set(codes) <= {"None", "interrupted"}
    place.nothing_is_left()
    place.run_again_finishes()


def test_what_finishes_within_the_grace_is_published(place):
    arguments = place.arguments(*LONG_VIEWS)
    with crash.worker(*arguments, log=place.log) as worker:
        crash.wait_for(lambda: list(place.scratch.glob("*/objects/*/*/raw/*")))
        assert place.zips() == 0
        worker.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        assert worker.wait(100) == STOPPED, place.log.read_text()
        assert time.monotonic() - asked < 30, "it waits for work, not for the grace to pass"
    assert 1 <= place.zips() < 8
    assert place.codes().count("None") == place.zips()
    place.nothing_is_left()


def test_a_second_signal_stops_at_once(place):
    with place.asleep("--grace", 600) as worker:
        crash.wait_for(place.at_work)
        worker.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert worker.poll() is None
        worker.send_signal(signal.SIGTERM)
        again = time.monotonic()
        assert worker.wait(30) == STOPPED, place.log.read_text()
        assert time.monotonic() - again < 8
    assert "interrupted" in place.codes()
    place.nothing_is_left()


def test_a_burst_of_signals_is_a_stop_at_once(place):
    with place.asleep("--grace", 600) as worker:
        crash.wait_for(place.at_work)
        for _ in range(200):
            worker.send_signal(signal.SIGTERM)
            worker.send_signal(signal.SIGINT)
        assert worker.wait(30) == STOPPED, place.log.read_text()
    place.nothing_is_left()


def test_two_signals_while_blender_starts_end_it(place):
    place.sleeping.write_text("#!/bin/sh\nsleep 2000\n")
    with place.asleep() as worker:
        crash.wait_for(lambda: crash.blenders_in(place.scratch))
        worker.send_signal(signal.SIGINT)  # two of one kind at once would count as one
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == STOPPED, place.log.read_text()
    place.nothing_is_left()


def test_a_killed_worker_leaves_no_blender(place):
    with place.asleep() as worker:
        crash.wait_for(place.at_work)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        crash.wait_for(lambda: not crash.blenders_in(place.scratch), 5)
    assert place.zips() < 8
    place.run_again_finishes()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_the_program_is_still_importing_is_clean_too(number):
    # It names each module it has imported.
    command = [sys.executable, "-X", "importtime", "-m", "worker", "presets"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        while "worker.errors" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        printed, said = process.communicate(timeout=60)
    assert process.returncode == STOPPED, said
    assert "Traceback" not in said
    assert printed == ""
