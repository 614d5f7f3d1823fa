"""Under a real Slurm: being stopped, in each way a site does it, and going on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster import held
from tests.cluster.outputs import outcomes, statuses
from tests.command_line import SETTINGS, listing, run_worker
from tests.fault_injection.child import HOLD
from tests.patience import HANG_S
from worker.core import keys

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def whole(index, held_blender, tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("whole") / "out"
    run_worker("run", index, "--output", folder, "--device", "cpu",
               "--blender", held_blender.program, RENDER_WORKER_SET=" ".join(SETTINGS))  # fmt: skip
    return listing(folder)


def ends(batch, pattern: str) -> list[int]:
    """The statuses that the workers of these logs ended with, in order."""
    return statuses(batch.log(pattern))


def stand_in(folder: Path, *lines: str) -> Path:
    """A worker's stand-in: `lines` of a shell script, then minutes unless it is stopped."""
    program = folder / "stand-in"
    wait = "echo up; for _ in {1..4000}; do sleep 0.1; done"
    program.write_text("\n".join(["#!/bin/bash", *lines, wait]) + "\n")
    program.chmod(0o755)
    return program


def preempt(batch, cluster) -> None:
    """Have a job of the higher partition take all nodes for a moment."""
    script = batch.logs / "urgent.sbatch"
    script.write_text("#!/bin/sh\n")
    (ended,) = cluster.wait(batch.submit(script, "--partition=urgent", "--nodes=2", "--exclusive"))
    assert ended["JobState"] == "COMPLETED", batch.log()


def assert_published_is_recorded(output) -> None:
    zips = {path.stem for path in output.glob("renders/*.zip")}
    assert zips == {line["uid"] for line in outcomes(output) if line["outcome"] == "rendered"}


def test_a_clean_stop_reaches_the_worker_is_requeued_and_finishes(
    batch, at_work, cluster, tmp_path, whole
):
    job = batch.submit("render.sbatch", "--ntasks=2")
    at_work()
    cluster.call("scancel", "--batch", "--signal=TERM", job)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("COMPLETED", "1"), batch.log()
    assert "status 75: requeued (1 of at most 20 times)" in batch.log("batch-*")
    assert ends(batch, f"render-{job}-0.log") == [75, 0]
    # One that was still starting dies of the TERM, and says nothing.
    assert ends(batch, f"render-{job}-1.log") in ([75, 0], [0, 0], [0])
    assert listing(tmp_path / "out", killed=True) == whole
    assert_published_is_recorded(tmp_path / "out")


def test_the_time_limit_stops_cleanly_and_the_job_goes_on(batch, at_work, cluster, tmp_path):
    job = batch.submit("render.sbatch", "--ntasks=1", "--time=60", "--signal=B:TERM@600")
    at_work()
    # It is due now, and Slurm looks at limits every 30 s.
    limit = ("scontrol", "update", f"JobId={job}")
    cluster.call(*limit, "TimeLimit=10")
    batch.until(lambda: cluster.jobs(job)[0]["JobState"] == "PENDING")
    cluster.call(*limit, "TimeLimit=60")
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("COMPLETED", "1"), batch.log()
    assert "status 75: requeued" in batch.log("batch-*")
    assert ends(batch, f"render-{job}-0.log") == [75, 0]
    assert_published_is_recorded(tmp_path / "out")


def test_the_object_in_work_is_finished_and_the_last_restart_ends_with_75(
    batch, holding, at_work, cluster, samples, tmp_path
):
    waits = samples / HOLD
    waits.touch()
    holding.hold(held.MODEL, "wait")
    job = batch.submit("render.sbatch", "--ntasks=1", REQUEUE_MAX=0,
                       RENDER_WORKER_GRACE=2 * HANG_S)  # fmt: skip
    at_work()
    cluster.call("scancel", "--batch", "--signal=TERM", job)
    batch.until(lambda: "stopping: finishing work in progress" in batch.log(f"render-{job}-0.log"))
    waits.unlink()
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["ExitCode"], ended["Restarts"]) == ("FAILED", "75:0", "0")
    assert "not requeued" in batch.log("batch-*")
    assert_published_is_recorded(tmp_path / "out")
    lines = outcomes(tmp_path / "out")
    rendered = {line["uid"] for line in lines if line["outcome"] == "rendered"}
    assert keys.uid_of(held.MODEL) in rendered
    assert len(rendered) < 7


def test_a_stop_of_one_array_task_leaves_the_others_alone(
    batch, holding, at_work, cluster, tmp_path, whole
):
    holding.hold("pawn.glb")
    job = batch.submit("render-array.sbatch", "--array=0-2")
    at_work("pawn.glb")
    cluster.call("scancel", "--batch", "--signal=TERM", f"{job}_2")
    # The last task bears the array's own id.
    assert {one["ArrayTaskId"]: one["JobId"] for one in cluster.jobs(job)}["2"] == job
    ended = {one["ArrayTaskId"]: one for one in cluster.wait(job)}
    assert {one["JobState"] for one in ended.values()} == {"COMPLETED"}, batch.log()
    assert [ended[str(task)]["Restarts"] for task in range(3)] == ["0", "0", "1"]
    assert [ends(batch, f"render-{job}_{task}-0.log") for task in range(3)] == [[0], [0], [75, 0]]
    assert listing(tmp_path / "out", killed=True) == whole


def test_scancel_reaches_the_worker_and_another_job_goes_on(
    batch, at_work, cluster, tmp_path, whole
):
    job = batch.submit("render.sbatch", "--ntasks=2")
    at_work()
    cluster.call("scancel", job)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("CANCELLED", "0"), batch.log()
    batch.until(lambda: ends(batch, f"render-{job}-0.log") == [75])
    assert_published_is_recorded(tmp_path / "out")
    (ended,) = cluster.wait(batch.submit("render.sbatch", "--ntasks=2"))
    assert ended["JobState"] == "COMPLETED", batch.log()
    assert listing(tmp_path / "out", killed=True) == whole


def test_a_preempted_job_stops_cleanly_and_goes_on(batch, at_work, cluster, tmp_path, whole):
    job = batch.submit("render.sbatch", "--ntasks=4")
    at_work()
    preempt(batch, cluster)
    (ended,) = cluster.wait(job)
    assert ended["JobState"] == "COMPLETED", batch.log()
    assert int(ended["Restarts"]) >= 1
    assert ends(batch, f"render-{job}-0.log") == [75, 0]
    assert listing(tmp_path / "out", killed=True) == whole
    assert_published_is_recorded(tmp_path / "out")


def test_a_node_set_down_in_the_middle_loses_nothing(batch, at_work, cluster, tmp_path, whole):
    job = batch.submit("render.sbatch", "--ntasks=4")
    at_work()
    assert cluster.jobs(job)[0]["NumNodes"] == "2"
    node = ("scontrol", "update", f"nodename={cluster.nodes[1]}")
    cluster.call(*node, "state=down", "reason=test")
    try:
        batch.until(lambda: cluster.jobs(job)[0]["Restarts"] == "1" and not cluster.steps(job))
    finally:
        cluster.call(*node, "state=resume")
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("COMPLETED", "1"), batch.log()
    assert listing(tmp_path / "out", killed=True) == whole
    assert_published_is_recorded(tmp_path / "out")


ONCE = '[ "$1${SLURM_RESTART_COUNT:-0}" = run0 ] || exit 0'
"""For a stand-in that works until its first restart, and in the step of the workers only."""
# What srun reports is the highest status, 143 of a task that dies of the TERM.
ONE_DIES = (ONCE, '[ "$SLURM_PROCID" = 1 ] || trap "exit 75" TERM')


def test_a_task_that_dies_of_the_term_does_not_hide_the_others_stop(batch, cluster, tmp_path):
    program = stand_in(tmp_path, *ONE_DIES)
    job = batch.submit("render.sbatch", "--ntasks=2", RENDER_WORKER=program)
    batch.until(lambda: batch.log(f"render-{job}-*.log").count("up") == 2)
    cluster.call("scancel", "--batch", "--signal=TERM", job)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("COMPLETED", "1"), batch.log()


def test_a_task_that_dies_of_a_preemption_does_not_hide_the_others_stop(batch, cluster, tmp_path):
    program = stand_in(tmp_path, *ONE_DIES)
    job = batch.submit("render.sbatch", "--ntasks=2", RENDER_WORKER=program)
    batch.until(lambda: batch.log(f"render-{job}-*.log").count("up") == 2)
    preempt(batch, cluster)
    (ended,) = cluster.wait(job)
    assert ended["JobState"] == "COMPLETED", batch.log()


def test_a_stop_after_a_whole_nodes_tasks_are_done_lets_the_others_finish(batch, cluster, tmp_path):
    program = stand_in(tmp_path, ONCE, '[ "$SLURM_NODEID" = 0 ] || exit 0',
                       "trap 'echo finished; exit 75' TERM")  # fmt: skip
    job = batch.submit("render.sbatch", "--nodes=2", "--ntasks=2", RENDER_WORKER=program)
    batch.until(lambda: batch.log(f"render-{job}-*.log").count("up") == 1)
    # What is over on the second node can no longer be signalled there.
    batch.until(lambda: len(cluster.steps(job)) == 1)
    cluster.call("scancel", "--batch", "--signal=TERM", job)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("COMPLETED", "1"), batch.log()
    assert batch.log(f"render-{job}-*.log").count("finished") == 1


def test_a_stop_while_kernels_are_compiled_is_passed_on_and_requeued(batch, cluster, tmp_path):
    program = stand_in(
        tmp_path, 'echo "$1 ${SLURM_RESTART_COUNT:-0}"',
        '[ "$1${SLURM_RESTART_COUNT:-0}" = warm0 ] || exit 0', "trap 'exit 75' TERM",
    )  # fmt: skip
    job = batch.submit("render.sbatch", "--nodes=2", "--ntasks=2", RENDER_WORKER=program)
    batch.until(lambda: batch.log(f"render-{job}-warm-*.log").count("up") == 2)
    cluster.call("scancel", "--batch", "--signal=TERM", job)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["Restarts"]) == ("COMPLETED", "1"), batch.log()
    assert batch.log(f"render-{job}-[01].log").split() == ["run", "1", "run", "1"]


def test_a_mistake_is_not_requeued(batch, cluster):
    job = batch.submit("render.sbatch", "--ntasks=2", RENDER_WORKER_PRESET="no-such-preset")
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["ExitCode"], ended["Restarts"]) == ("FAILED", "78:0", "0")


def test_a_broken_shard_is_not_requeued(batch, cluster, shard_gone, tmp_path):
    """All other shards are rendered; no other node would find the one that is gone."""
    index, left = shard_gone
    job = batch.submit("render.sbatch", "--ntasks=2", RENDER_WORKER_INDEX=index)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["ExitCode"], ended["Restarts"]) == ("FAILED", "65:0", "0")
    assert "requeued" not in batch.log()
    assert len(list((tmp_path / "out/renders").glob("*.zip"))) == left


def test_a_node_without_its_gpu_is_tried_again_at_most_so_many_times(batch, cluster):
    job = batch.submit("render.sbatch", "--ntasks=1", RENDER_WORKER_DEVICE="optix", REQUEUE_MAX=1)
    (ended,) = cluster.wait(job)
    assert (ended["JobState"], ended["ExitCode"], ended["Restarts"]) == ("FAILED", "69:0", "1")
