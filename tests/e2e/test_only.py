"""`--only`: some objects of a list, in the output that belongs to the whole list."""

from __future__ import annotations

import json

import pytest

from tests.command_line import SMALL, listing, log_lines, run_worker
from worker.core import keys
from worker.core.s3 import S3Options
from worker.index.reader import open_index

CPU = ("--device", "cpu", *SMALL)


def zips(output):
    return {name for name in listing(output) if name.startswith(keys.RENDERS)}


def zips_of(*names):
    return {keys.render_zip(keys.uid_of(name)) for name in names}


def test_an_output_begun_with_it_is_completed_without_it(samples, undisturbed, tmp_path):
    output = tmp_path / "out"
    only = ("--only", "rocket.glb", "--only", "g*.stl", "--only", keys.uid_of("crate.obj"))
    run_worker("run", samples, *only, "--output", output, *CPU)
    assert zips(output) == zips_of("rocket.glb", "gear.stl", "crate.obj")
    assert listing(output).items() < listing(undisturbed).items()
    again = log_lines(run_worker("run", samples, *only, "--output", output, *CPU))[-1]
    assert (again["rendered"], again["settled_earlier"]) == (0, 3)
    run_worker("run", samples, "--output", output, *CPU)
    assert listing(output) == listing(undisturbed)


def test_the_rank_that_owns_the_object_renders_it(samples, undisturbed, tmp_path):
    index = open_index(str(samples), S3Options())
    (place,) = [
        number
        for number, ref in enumerate(index.read(index.shards[0]))
        if ref.file_identifier == "pawn.glb"
    ]
    said = {}
    for rank in (0, 1):
        done = run_worker("run", samples, "--only", "pawn.glb", "--output", tmp_path / "out", *CPU,
                          "--rank", rank, "--world-size", 2)  # fmt: skip
        said[rank] = log_lines(done)
    assert said[place % 2][-1]["rendered"] == 1
    assert said[1 - place % 2][1]["event"].startswith(
        f"rank {1 - place % 2} of 2 has none of the objects of --only"
    )
    assert listing(tmp_path / "out").items() < listing(undisturbed).items()


@pytest.mark.parametrize("rank", [0, 1])
def test_nothing_selected_is_one_clear_line_on_every_rank(rank, samples, tmp_path):
    done = run_worker("run", samples, "--only", "pown.glb", "--output", tmp_path / "out", *CPU,
                      "--rank", rank, "--world-size", 2, check=78)  # fmt: skip
    (said,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert "--only 'pown.glb' matches no object" in said
    assert "did you mean 'pawn.glb'?" in said
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(("rank", "status"), [(0, 0), (1, 65)])
def test_an_object_of_a_broken_shard_is_not_called_misspelt(rank, status, samples, tmp_path):
    """The rank of the shard ends with the shard's status; the other one has nothing to do."""
    run_worker("index", "build", samples, "--to", tmp_path / "index", "--shard-size", 1)
    shards = sorted(tmp_path.glob("index/shards/*"))
    name = json.loads(shards[1].read_text())["fileIdentifier"]
    shards[1].write_text("{}\n")
    done = run_worker("run", tmp_path / "index", "--only", name, "--output", tmp_path / "out", *CPU,
                      "--rank", rank, "--world-size", 2, check=status)  # fmt: skip
    assert "a broken shard may have an object of --only" in done.stderr
    assert not list(tmp_path.glob("out/renders/*"))


def test_debug_finds_an_object_beside_a_broken_shard(samples, tmp_path):
    run_worker("index", "build", samples, "--to", tmp_path / "index", "--shard-size", 1)
    shards = sorted(tmp_path.glob("index/shards/*"))
    lost, found = (json.loads(shard.read_text())["fileIdentifier"] for shard in shards[:2])
    shards[0].write_text("{}\n")
    debug = ("debug", tmp_path / "index", *CPU)
    run_worker(*debug, "--only", found, "--to", tmp_path / "found")
    said = run_worker(*debug, "--only", lost, "--to", tmp_path / "lost", check=65).stderr
    assert shards[0].name in said.splitlines()[-1]


def test_in_the_environment_blanks_separate_the_names(samples, tmp_path):
    run_worker("run", samples, "--output", tmp_path / "out", *CPU,
               RENDER_WORKER_ONLY="knot.ply  p?wn.glb")  # fmt: skip
    assert zips(tmp_path / "out") == zips_of("knot.ply", "pawn.glb")


@pytest.mark.parametrize("kind", ["nerf", "webdataset", "parquet"])
def test_exports_of_some_objects(kind, undisturbed, tmp_path):
    layout = ("--layout", "nerfstudio") if kind == "nerf" else ()  # takes any distance of cameras

    def export(to, *more, check=0):
        return run_worker("export", kind, "--input", undisturbed, "--to", tmp_path / to, *layout,
                          *more, check=check)  # fmt: skip

    def exported(to):
        parts = (tmp_path / to).glob("ledger/*/*.jsonl")
        return {json.loads(line)["file_identifier"] for part in parts for line in part.open()}

    export("some", "--only", "p*.glb", "--only", "crate.obj")
    assert exported("some") == {"pawn.glb", "crate.obj"}
    export("some", "--only", "crate.obj", "--only", "p*.glb")  # the same, in another order
    done = run_worker("status", "--output", tmp_path / "some", "--input", undisturbed, "--json")
    assert [json.loads(done.stdout)[name] for name in ("done", "total", "left")] == [2, 2, 0]
    for more in ((), ("--only", "crate.obj")):
        said = export("some", *more, check=78).stderr
        assert "to another selection: --only 'crate.obj' --only 'p*.glb', not " in said
    assert "not every object" in export("some", check=78).stderr
    assert "did you mean 'crate.obj'?" in export("none", "--only", "crute.obj", check=78).stderr
