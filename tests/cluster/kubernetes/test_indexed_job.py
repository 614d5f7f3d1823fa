"""All indexes of the rendered Job as real workers, with its exit-status rules applied."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.cluster import held
from tests.cluster.kubernetes.indexed_job import TERMINATION_MESSAGE_BYTES, IndexedJob
from tests.cluster.outputs import outcomes, rendered_uids, writers
from tests.command_line import listing, run_worker
from tests.patience import until
from worker.core import keys

pytestmark = pytest.mark.cluster
QUICK = "views=2 resolution=32 samples=1"


@pytest.fixture
def job(render, index, tmp_path):
    """Make the Job of an overlay over the sample index, its pods ended with the test."""
    jobs = []

    def made(overlay: str = "overlays/cpu", world: int = 2, **settings: object) -> IndexedJob:
        manifests = render(
            overlay,
            **{
                "RENDER_WORKER_INDEX": index,
                "RENDER_WORKER_OUTPUT": tmp_path / "out",
                "RENDER_WORKER_WORLD_SIZE": world,
                "RENDER_WORKER_SET": QUICK,
                **settings,
            },
        )
        jobs.append(IndexedJob(manifests, tmp_path / f"pods-{len(jobs)}"))
        return jobs[-1]

    yield made
    for one in jobs:
        one.close()


@pytest.fixture
def at_work(job, holding, tmp_path) -> Callable[..., IndexedJob]:
    """Make the Job and drive it until the pod of rank `index` has published an object and is at
    `model`, which holds it; pods that start from then on go past it.
    """

    def made(index: int = 0, model: str = held.MODEL) -> IndexedJob:
        holding.hold(model)
        scratch = tmp_path / "scratch"
        ran = job(RENDER_WORKER_BLENDER=holding.program, RENDER_WORKER_GRACE=1,
                  RENDER_WORKER_DOWNLOAD_WORKERS=1, RENDER_WORKER_CHILDREN_PER_DEVICE=1,
                  RENDER_WORKER_SCRATCH=scratch,
                  **held.PATIENT_SETTINGS)  # fmt: skip

        def is_held() -> bool:
            ran.step()
            assert ran.condition is None, ran.pods[-1].log
            return any(
                keys.uid_of(model) in held.in_blender(scratch) and rendered_uids(pod.log)
                for pod in ran.of(index)
            )

        until(is_held, lambda: f"{ran.statuses()}\n{ran.pods[-1].log}")
        holding.let_go()
        return ran

    return made


def undisturbed(index: Path, folder: Path, *more: object) -> dict[str, str]:
    run_worker("run", index, "--output", folder, "--device", "cpu", *more, RENDER_WORKER_SET=QUICK)
    return listing(folder)


@pytest.mark.parametrize("world", [2, 5])
def test_all_indexes_render_all_objects_once(job, index, tmp_path, world):
    ran = job(world=world)
    assert ran.run() == "Complete", ran.pods[-1].log
    assert ran.statuses() == {i: [0] for i in range(world)}
    out = tmp_path / "out"
    lines = outcomes(out)
    assert len(lines) == len({line["uid"] for line in lines}) == 7
    assert listing(out) == undisturbed(index, tmp_path / "alone")


def test_an_export_of_what_was_rendered_is_shared_by_its_indexes(job, tmp_path):
    assert job().run() == "Complete"
    ran = job("overlays/export", RENDER_WORKER_EXPORT_KIND="parquet",
              RENDER_WORKER_GROUP_OBJECTS=2, RENDER_WORKER_TO=tmp_path / "catalogue")  # fmt: skip
    assert ran.run() == "Complete", ran.pods[-1].log
    assert ran.statuses() == {0: [0], 1: [0]}
    rows = pl.read_parquet(tmp_path / "catalogue/**/*.parquet")
    assert len(rows) == len(set(rows["uid"])) == 7
    for pods in (ran.of(0), ran.of(1)):
        assert '"exported": 0' not in pods[0].log


def test_an_eviction_in_the_middle_costs_no_retry_and_loses_nothing(
    at_work, holding, index, tmp_path
):
    ran = at_work()
    ran.evict(ran.of(0)[0])
    assert ran.run() == "Complete", ran.pods[-1].log
    assert ran.statuses() == {0: [75, 0], 1: [0]}
    assert ran.failures[0] == 0
    alone = undisturbed(index, tmp_path / "alone", "--blender", holding.program)
    assert listing(tmp_path / "out", killed=True) == alone
    # What the evicted pod had finished was not done again.
    first, second = (rendered_uids(pod.log) for pod in ran.of(0))
    assert first
    assert second
    assert not first & second


def test_a_clean_stop_without_a_condition_costs_no_retry_either(at_work):
    ran = at_work()
    ran.of(0)[0].process.terminate()
    assert ran.run() == "Complete", ran.pods[-1].log
    assert (ran.statuses()[0], ran.failures[0]) == ([75, 0], 0)


def test_a_pod_killed_out_of_memory_is_retried_and_loses_nothing(at_work, holding, index, tmp_path):
    ran = at_work(1, "monkey.fbx")
    os.killpg(ran.of(1)[0].process.pid, signal.SIGKILL)
    assert ran.run() == "Complete", ran.pods[-1].log
    assert (ran.statuses()[1], ran.failures[1]) == ([137, 0], 1)
    alone = undisturbed(index, tmp_path / "alone", "--blender", holding.program)
    assert listing(tmp_path / "out", killed=True) == alone


@pytest.mark.parametrize(
    ("status", "mistake"),
    [
        (64, {"RENDER_WORKER_GRACE": "soon"}),
        (78, {"RENDER_WORKER_PRESET": "no-such-preset"}),
    ],
)
def test_a_mistake_that_waits_in_every_pod_fails_the_job_at_once(job, status, mistake):
    ran = job(world=3)
    # The base sets the grace itself: a person's patch would set it in the same place.
    for entry in ran.spec["template"]["spec"]["containers"][0]["env"]:
        if entry["name"] in mistake:
            entry["value"] = mistake[entry["name"]]
    ran.manifests["ConfigMap"]["data"].update(mistake)
    assert ran.run() == "Failed: PodFailurePolicy"
    assert any(status in codes for codes in ran.statuses().values()), ran.pods[-1].log
    assert all(len(codes) <= 1 for codes in ran.statuses().values())


def test_the_same_output_for_another_preset_fails_the_job(job):
    assert job().run() == "Complete"
    again = job(RENDER_WORKER_SET="views=3 resolution=32 samples=1")
    again.folder /= "again"
    assert again.run() == "Failed: PodFailurePolicy"
    assert 78 in {code for codes in again.statuses().values() for code in codes}


def test_an_index_with_too_many_failed_objects_fails_alone(job, broken_shard, tmp_path):
    ran = job(world=4, RENDER_WORKER_INDEX=broken_shard)
    assert ran.run() == "Failed: FailedIndexes", ran.pods[-1].log
    assert ran.statuses() == {0: [10], 1: [0], 2: [0], 3: [0]}
    assert len(list((tmp_path / "out/renders").glob("*.zip"))) == 5


def test_an_index_with_a_broken_shard_fails_alone_and_is_not_retried(job, shard_gone, tmp_path):
    index, left = shard_gone
    ran = job(world=2, RENDER_WORKER_INDEX=index)
    assert ran.run() == "Failed: FailedIndexes", ran.pods[-1].log
    assert ran.statuses() == {0: [0], 1: [65]}
    assert len(list((tmp_path / "out/renders").glob("*.zip"))) == left


def test_a_node_without_its_gpu_is_retried_and_gives_up_in_the_end(job):
    ran = job("base", world=1)
    assert ran.run() == "Failed: FailedIndexes"
    assert ran.statuses() == {0: [69] * (ran.spec["backoffLimitPerIndex"] + 1)}, ran.pods[-1].log


def test_more_failed_indexes_than_allowed_end_the_others(job):
    ran = job("base", world=4)
    ran.spec.update(parallelism=1, backoffLimitPerIndex=1, maxFailedIndexes=1)
    assert ran.run() == "Failed: MaxFailedIndexesExceeded"
    assert ran.statuses() == {0: [69, 69], 1: [69, 69], 2: [], 3: []}


def test_one_index_per_shard_balances(job, tmp_path):
    ran = job("overlays/many-small", world=4, RENDER_WORKER_DEVICE="cpu")
    ran.spec["parallelism"] = 2
    assert ran.run() == "Complete", ran.pods[-1].log
    assert all("there is nothing to warm" in pod.log for pod in ran.pods)
    by_shard = {shard.name: writers(shard) for shard in (tmp_path / "out/ledger").iterdir()}
    assert {shard: len(names) for shard, names in by_shard.items()} == {
        f"{number:06d}": 1 for number in range(4)
    }
    assert len(set().union(*by_shard.values())) == 4


def test_the_summary_in_the_termination_log_is_small_json(job):
    ran = job(world=1)
    assert ran.run() == "Complete", ran.pods[-1].log
    message = ran.pods[0].termination_message
    assert 0 < len(message) <= TERMINATION_MESSAGE_BYTES
    assert json.loads(message)["rendered"] == 7
