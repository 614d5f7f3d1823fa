"""An object that kills its worker and the child with it: it does so twice, and the rest is done."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest

from tests.command_line import ROOT, command, environment, log_lines, run_worker
from tests.e2e import crash
from tests.fault_injection.child import HOLD
from tests.patience import HANG_S, until
from tests.tools import programs
from worker.core import keys
from worker.ledger import read_ledger, read_marks
from worker.stores import open_store

OBJECTS = 5
KILLER = "cube-002.obj"


@pytest.fixture
def models(tmp_path):
    return crash.cubes(tmp_path / "models", OBJECTS)


def outcomes(output):
    read = read_ledger(open_store(str(output)), keys.shard_name(0))
    return {line.file_identifier: line for line in read.values()}


def marked(output):
    return read_marks(open_store(str(output)), keys.shard_name(0))


def run_in_group(*arguments):
    """Run a worker that leads a process group, as one does in a container."""
    return subprocess.run(
        command("run", *arguments), env=environment(), cwd=ROOT, start_new_session=True,
        capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("children", [1, 2])
def test_an_object_that_takes_the_worker_along_does_so_twice(models, tmp_path, children):
    output = tmp_path / "out"
    blender = programs.faulty(tmp_path / "blender", f"take-along:import:{KILLER}")
    # In place of the kernel, whose kill no fence refuses; it refuses that of a child.
    options = ("--children-per-device", children, "--sandbox", "off", *crash.TINY)
    arguments = (models, "--output", output, "--blender", blender, *options)
    for kills in (1, 2):
        assert run_in_group(*arguments).returncode == -signal.SIGKILL
        ours = [marks for marks in marked(output).values() if marks.together + marks.alone == kills]
        assert [marks.alone for marks in ours if marks.blamed] == [1] * (kills - 1)
    summary = tmp_path / "summary.json"
    done = run_in_group(*arguments, "--summary", summary)
    assert done.returncode == 0, done.stderr
    found = outcomes(output)
    killer = found.pop(KILLER)
    assert (killer.outcome, killer.step) == ("failed", "render")
    assert killer.code in {"crash", "memory"}
    assert "killed 2 times" in killer.message
    assert f"--retry {killer.code}" in killer.message
    assert str(tmp_path) not in killer.message
    assert {line.outcome for line in found.values()} == {"rendered"}
    assert len(found) == OBJECTS - 1
    assert json.loads(summary.read_bytes())["codes"] == {killer.code: 1}
    assert marked(output).keys() <= {(line.uid, line.attempt) for line in outcomes(output).values()}

    # It stays so, until it is asked for: with a Blender that survives it, it is rendered.
    run_worker("run", *arguments)
    again = (models, "--output", output, *options, "--retry", killer.code)
    run_worker("run", *again)
    assert (outcomes(output)[KILLER].outcome, outcomes(output)[KILLER].attempt) == ("rendered", 2)


def test_a_stop_is_no_mark(models, tmp_path):
    """Preempted again and again while an object is rendered, it is rendered in the end."""
    output, hold = tmp_path / "out", models / HOLD
    blender = programs.faulty(tmp_path / "blender", f"wait:import:{KILLER}")
    arguments = (models, "--output", output, "--blender", blender, "--grace", 0.1,
                 *crash.PATIENT_OPTIONS, *crash.TINY)  # fmt: skip
    for _ in range(3):
        hold.touch()
        with crash.worker(*arguments, first=crash.LAST_WORDS) as process:
            until(lambda: marked(output), while_runs=process)
            process.send_signal(signal.SIGTERM)
            until(lambda: not marked(output))
            assert process.wait(HANG_S) == 75
        assert marked(output) == {}
    hold.unlink()
    run_worker("run", *arguments)
    assert {line.outcome for line in outcomes(output).values()} == {"rendered"}


def test_one_lost_machine_blames_nobody(models, tmp_path):
    """Killed with all in progress, each of them is a suspect, rendered alone and well."""
    output, hold = tmp_path / "out", models / HOLD
    blender = programs.faulty(tmp_path / "blender", f"wait:import:{KILLER}")
    arguments = (models, "--output", output, "--blender", blender, "--children-per-device", 2,
                 *crash.PATIENT_OPTIONS, *crash.TINY)  # fmt: skip
    hold.touch()
    with crash.worker(*arguments) as process:
        until(lambda: marked(output), while_runs=process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    suspects = marked(output)
    assert {(marks.together, marks.alone) for marks in suspects.values()} == {(1, 0)}
    hold.unlink()
    done = run_worker("run", *arguments)
    (warned,) = [line for line in log_lines(done) if "rendered alone" in line["event"]]
    assert warned["objects"] == len(suspects)
    assert {line.outcome for line in outcomes(output).values()} == {"rendered"}
