"""A real Slurm of two virtual nodes, and its commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cluster import held, needs
from tests.cluster.memory import in_memory
from tests.command_line import ROOT, SETTINGS, environment
from tests.patience import HANG_S, until
from tests.tools import ports
from worker.core import keys

TOOL = ROOT / "tests/cluster/tools/slurm.sh"
# As many array tasks as the sample index has shards.
MAX_ARRAY = "4"
RENDER_WORKER = Path(sys.executable).with_name("render-worker")
ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY"}


@dataclass(frozen=True)
class Cluster:
    """A running Slurm, and the folder that all it keeps lies in."""

    folder: Path

    @property
    def nodes(self) -> list[str]:
        return sorted(set(self.call("sinfo", "-h", "-N", "-o", "%N").split()))

    def call(self, *command: object, check: bool = True, **variables: object) -> str:
        """A Slurm command's output."""
        done = subprocess.run(
            [str(part) for part in command],
            env=environment(
                SLURM_CONF=str(self.folder / "etc/slurm.conf"),
                **{name: str(value) for name, value in variables.items()},
            ),
            cwd=ROOT / "slurm",
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def jobs(self, job: str) -> list[dict[str, str]]:
        """What Slurm knows of a job, or of each of an array's tasks."""
        lines = self.call("scontrol", "show", "job", "-o", job).splitlines()
        return [
            dict(word.partition("=")[::2] for word in line.split() if "=" in word)
            for line in lines
            if line.startswith("JobId=")
        ]

    def steps(self, job: str) -> list[Path]:
        """The job's running step of workers, by its daemon on each node."""
        return list((self.folder / "state").glob(f"slurmd.*/*_{job}.1"))

    def wait(self, job: str) -> list[dict[str, str]]:
        """The job's, or its array's tasks', last words; one that is requeued starts soon."""
        jobs = []
        told = set()

        def ended() -> bool:
            jobs[:] = self.jobs(job)
            for one in jobs:
                again = (one["JobId"], one["Restarts"])
                if one["Reason"] == "BeginTime" and again not in told:
                    told.add(again)
                    # Within the second in which a node has ended a job it refuses to start it.
                    start = ("scontrol", "update", f"JobId={one['JobId']}", "StartTime=now+2")
                    self.call(*start, check=False)  # it may have begun
            return all(one["JobState"] in ENDED for one in jobs)

        until(ended, lambda: f"{job} does not end: {jobs}", every_s=0.3)
        return jobs


@pytest.fixture(scope="session")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """Two nodes of 4 CPUs and 2 fake GPUs each; stopped at the end."""
    needs.programs(
        "slurm",
        ("slurmctld", "slurmd", "munged", "srun", "sbatch", "scontrol"),
        "apt-get install -y --no-install-recommends slurm-wlm munge",
    )
    if os.geteuid() != 0:
        needs.unavailable("slurm", "slurmd and munged are started here as root only")
    with in_memory(tmp_path_factory.mktemp("slurm")) as folder:
        try:
            up = subprocess.run(
                [TOOL, "up", folder],
                env=environment(
                    SLURM_TEST_MAX_ARRAY=MAX_ARRAY, SLURM_TEST_PORT=str(ports.free(3)[0])
                ),
                capture_output=True,
                text=True,
                timeout=2 * HANG_S,
                check=False,
            )
            assert up.returncode == 0, up.stderr
            yield Cluster(folder)
        finally:
            subprocess.run([TOOL, "down", folder], check=False, timeout=2 * HANG_S)


@pytest.fixture
def tmp_path(tmp_path) -> Iterator[Path]:
    with in_memory(tmp_path) as folder:
        yield folder


@dataclass
class Batch:
    """Submits the project's scripts, and remembers what must not outlive the test."""

    cluster: Cluster
    settings: dict[str, object]
    logs: Path
    sent: list[str]

    def submit(self, script: str, *options: object, **settings: object) -> str:
        """sbatch of a script below slurm/, small; its job id."""
        told = self.cluster.call(
            "sbatch", "--parsable", "--mem-per-cpu=100M", "--cpus-per-task=1",
            f"--output={self.logs}/batch-%j.out", *options, script,
            **self.settings | settings,
        )  # fmt: skip
        self.sent.append(told.strip().split(";")[0])
        return self.sent[-1]

    def log(self, pattern: str = "*") -> str:
        """The logs, one after the other."""
        return "".join(path.read_text() for path in sorted(self.logs.glob(pattern)))

    def until(self, happened: Callable[[], object]) -> None:
        until(happened, self.log, every_s=0.05)


@pytest.fixture
def batch(cluster, index, tmp_path) -> Iterator[Batch]:
    """The scripts with this checkout's worker in the image's place."""
    logs = tmp_path / "logs"
    logs.mkdir()
    settings = {
        "RENDER_WORKER": RENDER_WORKER,
        "RENDER_WORKER_INDEX": index,
        "RENDER_WORKER_OUTPUT": tmp_path / "out",
        "RENDER_WORKER_DEVICE": "cpu",
        "RENDER_WORKER_THREADS": 1,
        "RENDER_WORKER_SET": " ".join(SETTINGS),
        "LOGS": logs,
        "KERNELS": tmp_path / "kernels",
        "LOCAL": tmp_path,
        "RENDER_WORKER_SCRATCH": tmp_path,
    }
    batch = Batch(cluster, settings, logs, [])
    yield batch
    for job in batch.sent:
        cluster.call("scancel", "--quiet", job, check=False)
        cluster.wait(job)


@pytest.fixture
def holding(batch, holding) -> held.Held:
    """The batch's workers render with this Blender; the object that holds it is rank 0's."""
    batch.settings |= {
        "RENDER_WORKER_BLENDER": holding.program,
        "RENDER_WORKER_GRACE": 1,
        **held.PATIENT_SETTINGS,
    }
    return holding


@pytest.fixture
def at_work(batch, holding) -> Callable[..., None]:
    """Wait until a worker is at that object; those that start from then on go past it."""

    def wait(model: str = held.MODEL) -> None:
        uid, scratch = keys.uid_of(model), batch.settings["LOCAL"]
        ready = f'"runtime": "{holding.program}"'
        batch.until(lambda: uid in held.in_blender(scratch) and ready in batch.log())
        holding.let_go()

    return wait
