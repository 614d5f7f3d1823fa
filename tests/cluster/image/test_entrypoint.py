"""What entrypoint.sh does before the worker starts; a `tini` that tells what it got stands in."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster import needs
from tests.command_line import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]
FREEZER = Path("/sys/fs/cgroup/freezer")


@pytest.fixture
def enter(tmp_path):
    tini = tmp_path / "tini"
    tini.write_text(
        '#!/bin/sh\necho "$*"\n'
        'echo "cache=${CUDA_CACHE_PATH-unset} ${OPTIX_CACHE_PATH-unset} ${TMPDIR-unset}"\n'
    )
    tini.chmod(0o755)

    def run(*arguments: str, cgroup: Path | None = None, **variables: str):
        def join() -> None:
            if cgroup is not None:
                (cgroup / "cgroup.procs").write_text(str(os.getpid()))

        return subprocess.run(
            [ROOT / "entrypoint.sh", *arguments],
            env={"PATH": f"{tmp_path}:/usr/bin:/bin", **variables},
            preexec_fn=join, capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def slurm_task():
    """A cgroup named as Slurm names a job's."""
    job = FREEZER / f"slurm_{uuid4().hex[:8]}/uid_0/job_7"
    try:
        job.mkdir(parents=True)
    except OSError as error:
        needs.unavailable("cgroup", f"cannot make {job}: {error.strerror}")
    yield job
    for folder in (job, job.parent, job.parents[1]):
        folder.rmdir()


def test_arguments_go_through_and_none_means_help(enter):
    worker = "-s -- /opt/venv/bin/python -I -m worker"
    assert enter("run", "a b").stdout.startswith(f"{worker} run a b\n")
    assert enter().stdout.startswith(f"{worker} --help\n")


def test_folders_that_cannot_be_written_are_not_used(enter, tmp_path):
    here = str(tmp_path)
    done = enter(CUDA_CACHE_PATH="/nowhere", OPTIX_CACHE_PATH=here, TMPDIR="/nowhere")
    assert f"cache=unset {here} /tmp\n" in done.stdout
    assert done.stderr.splitlines() == [
        f"render-worker: {name}: cannot write to /nowhere; not used"
        for name in ("TMPDIR", "CUDA_CACHE_PATH")
    ]
    done = enter(CUDA_CACHE_PATH=here, OPTIX_CACHE_PATH=here, TMPDIR=here)
    assert f"cache={here} {here} {here}\n" in done.stdout
    assert done.stderr == ""


def test_the_images_own_folders_are_left_without_a_word(enter):
    own = dict(re.findall(r"(\w+)=(/\S+)", (ROOT / "Dockerfile").read_text()))
    names = ("TMPDIR", "CUDA_CACHE_PATH", "OPTIX_CACHE_PATH")
    done = enter(**{name: own[name] for name in names})
    assert "cache=unset unset /tmp\n" in done.stdout
    assert done.stderr == ""


def test_a_slurm_task_without_slurms_variables_is_refused(enter, slurm_task):
    done = enter("run", cgroup=slurm_task)
    assert done.returncode == 64
    assert "--cleanenv" in done.stderr
    assert done.stdout == ""
    assert enter("run", cgroup=slurm_task, SLURM_JOB_ID="7").returncode == 0
    assert enter("run", cgroup=slurm_task, RENDER_WORKER_RANK="0").returncode == 0
