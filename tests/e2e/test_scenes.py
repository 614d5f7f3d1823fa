"""Scenes flow as objects do: ranks, a stop and another run, an index made before, a status."""

import json
import signal
import subprocess

import h5py
import numpy as np
import pytest

from tests.command_line import ROOT, command, environment, listing, run_worker
from tests.e2e import crash
from tests.integration.scenes.known import SHAPES, write_obj
from tests.patience import HANG_S, until
from tests.tools.programs import faulty
from worker.core import keys

FEW = ("--preset", "scenes-multi", "--set", "scenes.samples=7", "--set", "views=2", "--set",
       "scenes.reuse=3", "--set", "resolution=32", "--set", "samples=1", "--set",
       "cycles.denoise=false")  # fmt: skip


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A ShapeNet tree of three of the study's classes."""
    folder = tmp_path_factory.mktemp("ShapeNet")
    for synset, shape in zip(("04379243", "02828884", "03001627"), SHAPES.values(), strict=True):
        for number in range(2):
            path = folder / synset / f"model{number}" / "models" / "model_normalized.obj"
            write_obj(path, shape(number))
    return folder


@pytest.fixture(scope="module")
def undisturbed(models, tmp_path_factory):
    output = tmp_path_factory.mktemp("scenes") / "out"
    run_worker("run", models, "--output", output, "--device", "cpu", *FEW)
    return output


def test_an_index_made_before_and_two_ranks_give_the_same_zips(models, undisturbed, tmp_path):
    made = run_worker("index", "scenes", models, "--to", tmp_path / "ix", "--shard-size", 1, *FEW)
    assert made.stdout.startswith("4 ranges in 4 shards")
    ranks = [
        subprocess.Popen(
            command("run", tmp_path / "ix" / "index.json", "--output", tmp_path / "out", "--device",
                    "cpu", "--rank", rank, "--world-size", 2, *FEW),
            env=environment(), cwd=ROOT, stderr=subprocess.DEVNULL,
        )
        for rank in range(2)
    ]  # fmt: skip
    assert [rank.wait(HANG_S) for rank in ranks] == [0, 0]
    assert renders(tmp_path / "out") == renders(undisturbed)
    assert len(renders(undisturbed)) == 4
    other = run_worker("run", tmp_path / "ix" / "index.json", "--output", tmp_path / "b",
                       *FEW, "--set", "scenes.samples=9", check=78)  # fmt: skip
    assert "drawn for another preset or other --set options" in other.stderr


def renders(output):
    found = listing(output)
    return {key: digest for key, digest in found.items() if key.startswith(keys.RENDERS)}


def test_stopped_and_run_again(models, undisturbed, tmp_path):
    arguments = ("run", models, "--output", tmp_path / "out", "--device", "cpu", *FEW)
    run_worker(*arguments, "--limit", 1)
    assert len(renders(tmp_path / "out")) == 1
    last = keys.uid_of(keys.scenes_range("scenes-multi", 6, 6))
    asleep = faulty(tmp_path / "blender", f"sleep:scene:{last}")
    stopping = (*arguments[1:], "--blender", asleep, "--download-workers", 1,
                "--children-per-device", 1)  # fmt: skip
    with crash.worker(*stopping, *crash.PATIENT_OPTIONS) as worker:
        until(lambda: len(renders(tmp_path / "out")) >= 2, while_runs=worker)
        worker.send_signal(signal.SIGKILL)
        worker.wait(HANG_S)
    run_worker(*arguments)
    assert listing(tmp_path / "out", killed=True) == listing(undisturbed)


def test_status_counts_ranges(models, undisturbed):
    told = json.loads(
        run_worker("status", "--output", undisturbed, "--index", models, "--json").stdout
    )
    assert told["outcomes"]["rendered"] == told["total"] == 4
    assert told["left"] == 0


def test_another_product_takes_no_ranges(models, tmp_path):
    run_worker("index", "scenes", models, "--to", tmp_path / "ix", *FEW)
    run_worker("run", tmp_path / "ix", "--output", tmp_path / "out", "--device", "cpu", check=10)
    (line, *_) = [json.loads(line) for part in (tmp_path / "out").glob("ledger/*/*")
                  for line in part.read_text().splitlines()]  # fmt: skip
    assert line["code"] == "unsupported"
    assert "product 'views' renders no ranges of scenes" in line["message"]


def test_a_member_that_no_longer_is_what_the_index_says(models, tmp_path):
    """Every model's sha256 is in the index: nothing is left to be shown."""
    listed = tmp_path / "list.jsonl"
    listed.write_text(
        json.dumps({"fileIdentifier": "bench/a", "sha256": "0" * 64,
                    "path": str(models / "02828884/model0/models/model_normalized.obj")})
    )  # fmt: skip
    run_worker("run", listed, "--output", tmp_path / "out", "--device", "cpu", *FEW, check=10)
    lines = [json.loads(line) for part in (tmp_path / "out").glob("ledger/*/*")
             for line in part.read_text().splitlines()]  # fmt: skip
    assert {line["code"] for line in lines} == {"modified"}
    assert all("class bench can be fetched; member" in line["message"] for line in lines)


def test_the_study_gets_its_files(undisturbed, tmp_path):
    run_worker("export", "hdf5", "--input", undisturbed, "--to", tmp_path / "h5")
    with h5py.File(tmp_path / "h5" / "imgs_00.h5") as file:
        assert file["idx"][:].tolist() == list(range(7))
        assert file["class"].shape == (7, 4)
        assert set(np.unique(file["class"])) <= {0, 1, 2}
        assert file["rot_mat"].shape == (7, 4, 3, 3)


@pytest.mark.parametrize("kind", ["pointcloud", "nerf", "webdataset"])
def test_exports_that_want_views_name_what_is_missing(undisturbed, tmp_path, kind):
    done = run_worker("export", kind, "--input", undisturbed, "--to", tmp_path / "set", check=78)
    assert "needs views, which preset 'scenes-multi' of this output does not give" in done.stderr
    assert not (tmp_path / "set").exists()


def test_the_contact_sheet_shows_samples(undisturbed, tmp_path):
    run_worker("gallery", "--output", undisturbed, "--sheet", tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 10_000
