"""The launchers' own programs start several ranks of the real worker by the files of launchers/."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.cluster.outputs import log_lines, outcomes, rendered_uids, statuses
from tests.command_line import ROOT, environment, listing
from tests.e2e import crash
from tests.patience import HANG_S, until
from tests.tools.programs import faulty

OBJECTS = 5
OPEN_MPI = {  # these allow a test's user and as many ranks as it wants
    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}  # fmt: skip
MPI = {"Open MPI": "mpirun.openmpi", "MPICH": "mpirun.mpich"}
PACKAGES = {"mpirun.openmpi": "openmpi-bin", "mpirun.mpich": "mpich", "parallel": "parallel"}


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"no {program} on this machine; apt-get install {PACKAGES[program]}")
    return found


@pytest.fixture
def models(tmp_path) -> Path:
    return crash.cubes(tmp_path / "models", OBJECTS)


@pytest.fixture
def start(tmp_path):
    """Start a file of launchers/ in a process group that does not outlive the test."""
    started = []

    def begin(file: str, *arguments: object, **variables: str) -> subprocess.Popen[str]:
        own = {
            "PYTHONPATH": str(ROOT),
            "RENDER_WORKER": f"{sys.executable} -m worker",
            "LOGS": str(tmp_path / "logs"),
        }
        started.append(
            subprocess.Popen(
                [ROOT / "launchers" / file, *map(str, arguments)],
                env=environment(**(own | OPEN_MPI | variables)),
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=HANG_S)


def logs(tmp_path) -> list[str]:
    return [path.read_text() for path in sorted((tmp_path / "logs").glob("rank-*.log"))]


def assert_shared(tmp_path, ranks: int) -> None:
    """Each object was rendered once, and each rank rendered some."""
    lines = outcomes(tmp_path / "out")
    assert Counter(line.get("rank", 0) for line in lines if line["outcome"] == "rendered") == {
        rank: len(range(rank, OBJECTS, ranks)) for rank in range(ranks)
    }
    assert len({line["uid"] for line in lines}) == len(lines) == OBJECTS
    shares = [rendered_uids(log) for log in logs(tmp_path)]
    assert all(shares)
    assert len(set().union(*shares)) == sum(map(len, shares)) == OBJECTS
    assert len(listing(tmp_path / "out")) == OBJECTS + 1


@pytest.mark.parametrize("mpi", MPI)
def test_ranks_of_mpirun_share_the_work_and_the_cores(start, models, tmp_path, mpi):
    process = start(
        "mpirun.sh", models, tmp_path / "out", *crash.TINY, RANKS="2", MPIRUN=needed(MPI[mpi])
    )
    told = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, (told, logs(tmp_path))
    assert_shared(tmp_path, 2)
    cores = len(os.sched_getaffinity(0))
    for rank, log in enumerate(logs(tmp_path)):
        first = next(iter(log_lines(log)))
        assert first["event"] == f"rank {rank} of 2"
        assert mpi in first["launcher"]
        assert first["rank_on_node"] == f"{rank} of 2"
        (ready,) = [line for line in log_lines(log) if line["event"] == "blender ready"]
        assert ready["threads"] == max(1, (cores + 1 - rank) // 2)


@pytest.mark.parametrize("mpi", MPI)
def test_a_rank_of_mpirun_that_fails_does_not_end_the_others(start, models, tmp_path, mpi):
    for name in ("cube-000.obj", "cube-002.obj", "cube-004.obj"):  # those of rank 0
        (models / name).write_text("v 0 0 0\n")
    process = start(
        "mpirun.sh", models, tmp_path / "out", *crash.TINY, RANKS="2", MPIRUN=needed(MPI[mpi])
    )
    _, said = process.communicate(timeout=HANG_S)
    assert process.returncode == 10, said
    assert "rank 0: exit 10" in said
    assert [statuses(log) for log in logs(tmp_path)] == [[10], [0]]
    assert {line["outcome"] for line in outcomes(tmp_path / "out") if line.get("rank", 0) == 1} == {
        "rendered"
    }


def test_ranks_of_gnu_parallel_share_the_work(start, models, tmp_path):
    needed("parallel")
    process = start("parallel.sh", models, tmp_path / "out", *crash.TINY, RANKS="3", AT_ONCE="2")
    told = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, (told, logs(tmp_path))
    assert_shared(tmp_path, 3)
    for rank, log in enumerate(logs(tmp_path)):
        first = next(iter(log_lines(log)))
        assert first["event"] == f"rank {rank} of 3"
        assert first["rank_on_node"] in {"0 of 2", "1 of 2"}


def test_a_rank_of_gnu_parallel_that_fails_does_not_end_the_others(start, models, tmp_path):
    needed("parallel")
    (models / "cube-001.obj").write_text("v 0 0 0\n")
    (models / "cube-004.obj").write_text("v 0 0 0\n")
    process = start("parallel.sh", models, tmp_path / "out", *crash.TINY, RANKS="3", AT_ONCE="1")
    _, said = process.communicate(timeout=HANG_S)
    assert process.returncode == 10, said
    assert [statuses(log) for log in logs(tmp_path)] == [[0], [10], [0]]


def test_mpirun_without_the_file_shares_too(models, tmp_path):
    """As a user types it; Open MPI binds each of two ranks to a core."""
    done = subprocess.run(
        [needed("mpirun.openmpi"), "-n", "2", sys.executable, "-m", "worker", "run", models,
         "--output", tmp_path / "out", *crash.TINY],
        env=environment(PYTHONPATH=str(ROOT), **OPEN_MPI), cwd=ROOT, capture_output=True,
        text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = outcomes(tmp_path / "out")
    assert len({line["uid"] for line in lines}) == len(lines) == OBJECTS
    assert {line.get("rank", 0) for line in lines} == {0, 1}


def test_a_rank_that_cannot_be_told_is_refused(models, tmp_path):
    done = subprocess.run(
        [needed("parallel"), "-j2", sys.executable, "-m", "worker", "run", models, "--output",
         tmp_path / "out", "{}", ":::", "--mix-versions", "--mix-versions"],
        env=environment(PYTHONPATH=str(ROOT)), cwd=ROOT, capture_output=True, text=True,
        timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.stderr.count("GNU parallel does not tell the number of workers") == 2
    assert "RENDER_WORKER_WORLD_SIZE" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mpi", MPI)
def test_mpirun_stops_its_ranks_cleanly(start, tmp_path, mpi):
    models = crash.cubes(tmp_path / "models", 4)
    for path in sorted(models.iterdir())[2:]:
        path.rename(path.with_name(f"held-{path.name}"))
    held = faulty(tmp_path / "blender", "sleep:scene:held")  # the second model of each rank
    process = start(
        "mpirun.sh", models, tmp_path / "out", *crash.TINY, *crash.PATIENT_OPTIONS,
        *crash.IN_ORDER, "--blender", held, RANKS="2", MPIRUN=needed(MPI[mpi]),
        RENDER_WORKER_GRACE="2",
    )  # fmt: skip
    until(lambda: len(logs(tmp_path)) == 2 and all(map(rendered_uids, logs(tmp_path))))
    process.terminate()
    _, said = process.communicate(timeout=HANG_S)
    assert process.returncode != 0, said
    # A rank that the launcher had to kill, on a machine that stands still, leaves no status.
    for status in (tmp_path / "logs").glob("rank-*.status"):
        assert status.read_text() == "75\n"
        done = rendered_uids(status.with_suffix(".log").read_text())
        assert done <= {line["uid"] for line in outcomes(tmp_path / "out")}


ARRAYS = {
    "pbs.sh": lambda task: {"PBS_ARRAY_INDEX": str(task), "PBS_O_WORKDIR": "."},
    "lsf.sh": lambda task: {
        "LSB_JOBINDEX": str(task + 1), "LSB_JOBINDEX_END": "8", "LSB_JOBINDEX_STEP": "1"
    },
    "sge.sh": lambda task: {
        "SGE_TASK_ID": str(task + 1), "SGE_TASK_FIRST": "1", "SGE_TASK_LAST": "8",
        "SGE_TASK_STEPSIZE": "1",
    },
}  # fmt: skip
"""The variables of a task, from 0, of the array of 8 that each file asks for."""


@pytest.mark.parametrize("file", ARRAYS)
def test_a_task_of_an_array_renders_its_share(start, models, tmp_path, file):
    """Without the scheduler: its variables, and the file as it runs it."""
    for task in (1, 4):
        process = start(
            file, RENDER_WORKER_INDEX=str(models), RENDER_WORKER_OUTPUT=str(tmp_path / "out"),
            RENDER_WORKER_DEVICE="cpu", RENDER_WORKER_SET="views=1 resolution=16 samples=1",
            **ARRAYS[file](task),
        )  # fmt: skip
        _, said = process.communicate(timeout=HANG_S)
        assert process.returncode == 0, said
        assert f"rank {task} of 8" in said
    lines = outcomes(tmp_path / "out")
    assert [line["rank"] for line in lines] == [1, 4]
    assert len({line["uid"] for line in lines}) == 2


def test_grid_engine_is_told_to_run_a_stopped_task_again(start, tmp_path):
    """75 becomes 99, its status for that; the signal before its time limit is a stop."""
    worker = tmp_path / "worker"
    worker.write_text("#!/bin/sh\ntrap 'exit 75' TERM\ntouch begun\nwhile :; do sleep 0.1; done\n")
    worker.chmod(0o755)
    process = start("sge.sh", **{**ARRAYS["sge.sh"](0), "RENDER_WORKER": str(worker)})
    until((tmp_path / "begun").exists)
    process.send_signal(signal.SIGUSR2)
    process.communicate(timeout=HANG_S)
    assert process.returncode == 99
