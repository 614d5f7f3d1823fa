"""The SIF under a real Slurm: ranks, a stop that goes on, and the same bytes as outside."""

from __future__ import annotations

import pytest

from tests.cluster.image.conftest import bpy_image, context, podman  # noqa: F401 - fixtures
from tests.cluster.image.test_apptainer import environment, sif  # noqa: F401 - fixtures
from tests.cluster.outputs import log_lines, rendered_uids
from tests.e2e.conftest import listing, run_worker

pytestmark = pytest.mark.cluster
SLOW = "views=150 resolution=32 samples=1"


@pytest.fixture
def contained(batch, sif, environment, index, samples, tmp_path):  # noqa: F811
    """The scripts with the image: RENDER_WORKER empty, as a site would have it."""
    batch.settings |= {
        "RENDER_WORKER": "",
        "IMAGE": sif,
        "PATH": environment["PATH"],
        "APPTAINER_OPTIONS": f"--nv --bind {index.parent} --bind {samples} --bind {tmp_path}",
        "RENDER_WORKER_SET": SLOW,
    }
    return batch


def test_ranks_in_the_image_are_stopped_and_go_on(contained, cluster, index, tmp_path):
    job = contained.submit("render.sbatch", "--ntasks=4")
    log = f"render-{job}-*.log"
    contained.until(lambda: bool(rendered_uids(contained.log(log))), timeout_s=120)
    cluster.call("scancel", "--batch", "--signal=TERM", job)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("COMPLETED", "1"), contained.log()
    statuses = [x["status"] for x in log_lines(contained.log(log)) if x["event"] == "done"]
    assert set(statuses) <= {0, 75}, contained.log()
    assert 75 in statuses
    run_worker("run", index, "--output", tmp_path / "alone", "--device", "cpu",
               RENDER_WORKER_SET=SLOW)  # fmt: skip
    assert listing(tmp_path / "out") == listing(tmp_path / "alone")
