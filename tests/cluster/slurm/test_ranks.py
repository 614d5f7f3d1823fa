"""Under a real Slurm: who renders what, and with which GPU."""

from __future__ import annotations

import polars as pl
import pytest

from tests.cluster import needs
from tests.cluster.outputs import log_lines, outcomes, rendered_uids, writers
from tests.command_line import SETTINGS, listing, run_worker

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="session")
def whole(index, tmp_path_factory) -> dict[str, str]:
    """What one undisturbed worker makes."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    run_worker("run", index, "--output", folder, "--device", "cpu",
               RENDER_WORKER_SET=" ".join(SETTINGS))  # fmt: skip
    return listing(folder)


def assert_each_once(output, whole) -> None:
    lines = outcomes(output)
    assert len(lines) == len({line["uid"] for line in lines}) == 7
    assert listing(output) == whole


def test_four_ranks_of_srun_share_the_work(batch, cluster, tmp_path, whole):
    job = batch.submit("render.sbatch", "--ntasks=4")
    (ended,) = cluster.wait(job)
    assert ended["JobState"] == "COMPLETED", batch.log()
    assert ended["NumNodes"] == "2"
    warm = batch.log(f"render-{job}-warm-*.log")
    assert warm == "a run on this node would use the CPU: there is nothing to warm\n" * 2
    assert_each_once(tmp_path / "out", whole)
    shares = [rendered_uids(batch.log(f"render-{job}-{rank}.log")) for rank in range(4)]
    assert sorted(map(len, shares)) == [1, 2, 2, 2]


def test_more_ranks_than_shards_stripe_them(batch, cluster, tmp_path, samples, whole):
    job = batch.submit("render.sbatch", "--ntasks=4", RENDER_WORKER_INDEX=samples)
    (ended,) = cluster.wait(job)
    assert ended["JobState"] == "COMPLETED", batch.log()
    shares = [rendered_uids(batch.log(f"render-{job}-{rank}.log")) for rank in range(4)]
    assert sorted(map(len, shares)) == [1, 2, 2, 2]
    assert {key for key in listing(tmp_path / "out") if key.startswith("renders/")} == {
        key for key in whole if key.startswith("renders/")
    }


def test_an_array_multiplies_the_ranks(batch, cluster, tmp_path, whole):
    job = batch.submit("render.sbatch", "--array=0-1", "--ntasks=2")
    assert {one["JobState"] for one in cluster.wait(job)} == {"COMPLETED"}, batch.log()
    assert_each_once(tmp_path / "out", whole)
    assert len(list(batch.logs.glob(f"render-{job}_[01]-[01].log"))) == 4


def test_an_export_is_shared_by_the_ranks_and_needs_no_gpu(batch, cluster, tmp_path):
    (ended,) = cluster.wait(batch.submit("render.sbatch", "--ntasks=2"))
    assert ended["JobState"] == "COMPLETED", batch.log()
    job = batch.submit("render.sbatch", "--ntasks=2", "--gpus-per-task=0", "--job-name=clouds",
                       COMMAND="export parquet", RENDER_WORKER_INPUT=tmp_path / "out",
                       RENDER_WORKER_TO=tmp_path / "catalogue",
                       RENDER_WORKER_GROUP_OBJECTS=2)  # fmt: skip
    (ended,) = cluster.wait(job)
    assert ended["JobState"] == "COMPLETED", batch.log()
    assert ended.get("TresPerTask", "gres:gpu:0") == "gres:gpu:0"
    assert not list(batch.logs.glob(f"clouds-{job}-warm-*"))
    rows = pl.read_parquet(tmp_path / "catalogue/**/*.parquet")
    assert len(rows) == len(set(rows["uid"])) == 7
    assert len(list(batch.logs.glob(f"clouds-{job}-[01].log"))) == 2


def test_submit_sends_one_array_task_per_shard(batch, cluster, index, tmp_path, whole):
    told = cluster.call(
        "./submit.sh", index, tmp_path / "out", "--mem-per-cpu=100M", "--cpus-per-task=1",
        "--parsable", f"--output={batch.logs}/batch-%A_%a.out", **batch.settings,
    )  # fmt: skip
    batch.sent.append(job := told.splitlines()[0].strip())
    ended = cluster.wait(job)
    assert [one["JobState"] for one in ended] == ["COMPLETED"] * 4, batch.log()
    assert_each_once(tmp_path / "out", whole)
    by_shard = [writers(shard) for shard in (tmp_path / "out/ledger").iterdir()]
    assert [len(names) for names in by_shard] == [1] * 4
    assert len(set().union(*by_shard)) == 4


def test_submit_gives_a_task_several_shards_where_the_site_allows_fewer_tasks(
    batch, cluster, samples, tmp_path
):
    run_worker("index", "build", samples, "--to", tmp_path / "fine", "--shard-size", 1)
    told = cluster.call(
        "./submit.sh", tmp_path / "fine/index.json", tmp_path / "out", "--mem-per-cpu=100M",
        "--cpus-per-task=1", "--parsable", f"--output={batch.logs}/batch-%A_%a.out",
        **batch.settings,
    )  # fmt: skip
    assert "7 shards, 4 array tasks of at most 2 each" in told
    batch.sent.append(job := next(line for line in told.splitlines() if line.isdigit()))
    assert [one["JobState"] for one in cluster.wait(job)] == ["COMPLETED"] * 4, batch.log()
    assert len({line["uid"] for line in outcomes(tmp_path / "out")}) == 7


@pytest.mark.parametrize(
    ("shards", "array"), [(1, "0-0"), (4, "0-3"), (5, "0-2"), (9, "0-2"), (1_000_000, "0-3")]
)
def test_submit_works_the_array_out(cluster, shards, array):
    told = cluster.call("./submit.sh", "s3://b/index.json", "s3://b/out", SHARDS=shards, DRY_RUN=1)
    assert f"--array={array} " in told


@pytest.mark.parametrize(
    ("index", "word"),
    [
        ("crate.obj", "is no index.json"),
        ("", "is a folder"),
        ("no-such.json", "cannot be read from here"),
        ("empty.json", "has no shards"),
    ],
)
def test_submit_refuses_what_is_no_index(cluster, tmp_path, index, word):
    (tmp_path / "empty.json").write_text('{"shards": []}')
    (tmp_path / "crate.obj").write_text("v 0 0 0\n")
    told = cluster.call("./submit.sh", tmp_path / index, tmp_path / "out", check=False)
    assert word in told.splitlines()[-1]
    assert told.count("submit.sh:") == 1


def test_submit_refuses_a_number_that_is_none(cluster, index, tmp_path):
    told = cluster.call("./submit.sh", index, tmp_path, check=False, RUNNING="abc")
    assert told == "submit.sh: RUNNING must be a positive number, not 'abc'\n"


def test_the_worker_without_srun_is_refused(batch, cluster, tmp_path):
    script = tmp_path / "bare.sbatch"
    script.write_text('#!/bin/bash\n"$RENDER_WORKER" run\n')
    (ended,) = cluster.wait(batch.submit(script, "--ntasks=2"))
    assert ended["ExitCode"] == "64:0", batch.log()
    assert "srun" in batch.log("batch-*")


def announced(log: str) -> set[tuple[str, str]]:
    """What each worker says that it is, and who started it."""
    return {
        (line["event"], line["launcher"]) for line in log_lines(log) if line["event"][:5] == "rank "
    }


def test_slurm_s_own_pmi_says_the_same_rank(batch, cluster, tmp_path, whole):
    script = tmp_path / "pmi2.sbatch"
    script.write_text('#!/bin/bash\nsrun --mpi=pmi2 "$RENDER_WORKER" run\n')
    (ended,) = cluster.wait(batch.submit(script, "--ntasks=2"))
    assert ended["JobState"] == "COMPLETED", batch.log()
    assert announced(batch.log("batch-*")) == {
        ("rank 0 of 2", "MPICH or Intel MPI, Slurm"), ("rank 1 of 2", "MPICH or Intel MPI, Slurm")
    }  # fmt: skip
    assert_each_once(tmp_path / "out", whole)


def test_open_mpi_in_a_job_has_its_own_ranks(batch, cluster, tmp_path, whole):
    needs.programs("openmpi", ["mpirun.openmpi"], "apt-get install -y openmpi-bin")
    script = tmp_path / "mpirun.sbatch"
    script.write_text(
        "#!/bin/bash\nexport OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1\n"
        'mpirun.openmpi --bind-to none -n 2 "$RENDER_WORKER" run\n'
    )
    (ended,) = cluster.wait(batch.submit(script, "--ntasks=2", "--nodes=1"))
    assert ended["JobState"] == "COMPLETED", batch.log()
    assert announced(batch.log("batch-*")) == {
        ("rank 0 of 2", "Open MPI, Slurm"), ("rank 1 of 2", "Open MPI, Slurm")
    }  # fmt: skip
    assert_each_once(tmp_path / "out", whole)


def test_every_task_has_a_gpu_of_its_own(batch, cluster, tmp_path):
    probe = tmp_path / "probe"
    probe.write_text(
        "#!/bin/sh\n"
        'for gpu in 0 1; do (: <"$(dirname "$SLURM_CONF")/../dev/fakegpu$gpu") 2>&1 |'
        ' grep -q "not permitted" || echo "may $SLURMD_NODENAME $gpu"; done\n'
        'echo "told $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES"\n'
    )
    probe.chmod(0o755)
    job = batch.submit("render.sbatch", "--ntasks=4", RENDER_WORKER=probe)
    (ended,) = cluster.wait(job)
    assert ended["JobState"] == "COMPLETED", batch.log()
    told = [line.split() for line in batch.log(f"render-{job}-[0-3].log").splitlines()]
    fenced = "proctrack/cgroup" in cluster.call("scontrol", "show", "config")
    # In a device cgroup the tasks count from 0 anew; elsewhere the numbers tell them apart.
    mine = [tuple(words[1:]) for words in told if words[0] == ("may" if fenced else "told")]
    assert sorted(mine) == [(node, gpu) for node in cluster.nodes for gpu in "01"]
