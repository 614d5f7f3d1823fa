"""The SIF under a real Slurm: ranks, a stop that goes on, and the same bytes as outside."""

from __future__ import annotations

import re

import pytest

from tests.cluster.outputs import statuses
from tests.command_line import SETTINGS, listing, run_worker

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]  # builds image and SIF if first


@pytest.fixture
def contained(batch, holding, sif, apptainer_path, index, samples):
    """The scripts with the image: RENDER_WORKER empty, as a site would have it."""
    bound = (index.parent, samples, holding.folder)
    # As root it would ask for every capability; users of a cluster have none to ask for.
    options = ["--nv", "--userns", *(f"--bind {folder}" for folder in bound)]
    batch.settings |= {
        "RENDER_WORKER": "",
        "IMAGE": sif,
        "PATH": apptainer_path,
        "APPTAINER_OPTIONS": " ".join(options),
    }
    return batch


def test_ranks_in_the_image_are_stopped_and_go_on(
    contained, holding, at_work, cluster, index, tmp_path
):
    job = contained.submit("render.sbatch", "--ntasks=4")
    log = f"render-{job}-*.log"
    # A rank that Apptainer still starts would end in ways of its own.
    contained.until(
        lambda: all("blender ready" in contained.log(f"render-{job}-{i}.log") for i in range(4))
    )
    at_work()
    cluster.call("scancel", "--batch", "--signal=TERM", job)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("COMPLETED", "1"), contained.log()
    # A FUSE mount that is gone too early would show as 135 (SIGBUS).
    told = re.findall(r"Exited with exit code (\d+)", contained.log("batch-*"))
    assert "75" in told, contained.log()
    assert set(told) <= {"75", "143"}, contained.log()  # 143: not begun, or done already
    assert statuses(contained.log(log))[-1] == 0
    run_worker("run", index, "--output", tmp_path / "alone", "--device", "cpu",
               "--blender", holding.program, RENDER_WORKER_SET=" ".join(SETTINGS))  # fmt: skip
    assert listing(tmp_path / "out", killed=True) == listing(tmp_path / "alone")
