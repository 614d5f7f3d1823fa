"""Each mistake a person makes ends at once, in one clear line, before any rendering."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command_line import ROOT, SMALL, command, environment, log_lines, run_worker
from tests.integration.blender.broken import picture
from tests.integration.blender.driver import DEBIAN
from worker.core import keys
from worker.index.reader import CHECKED_OBJECTS

CASES = {
    "no index": (["nowhere.json"], {}, 78, ["nowhere.json"]),
    "an empty index": ([""], {}, 64, ["empty path", "'.' is this folder"]),
    "index that does not parse": (["{bad}"], {}, 78, ["bad.jsonl:2"]),
    "empty list": (["{empty}"], {}, 78, ["empty.jsonl", "no object"]),
    "wrong key": (["{samples}", "--set", "viewz=3"], {}, 78, ["viewz", "views"]),
    "wrong value": (["{samples}", "--set", "views=none"], {}, 78, ["views", "whole number"]),
    "no such preset": (["{samples}", "--preset", "defualt"], {}, 78, ["defualt", "default"]),
    "wrong key in a file": (["{samples}", "--preset", "{preset}"], {}, 78,
                            ["mine.toml", "camera.layot", "layout"]),
    "no such option": (["{samples}", "--frobnicate"], {}, 64, ["--frobnicate"]),
    "no such code": (["{samples}", "--retry", "timout"], {}, 64, ["timout", "timeout", "all"]),
    "rank out of range": (["{samples}", "--rank", "3", "--world-size", "3"], {}, 64, ["3"]),
    "rank without world": (["{samples}", "--rank", "1"], {}, 64, ["--world-size"]),
    "world contradicts slurm": (
        ["{samples}", "--rank", "1", "--world-size", "8"],
        {"SLURM_JOB_ID": "1", "SLURM_STEP_ID": "0", "SLURM_PROCID": "1", "SLURM_NTASKS": "4"},
        64, ["8", "4"],
    ),
    "sbatch without srun": (
        ["{samples}"],
        {"SLURM_JOB_ID": "1", "SLURM_PROCID": "0", "SLURM_NTASKS": "4"},
        64, ["srun"],
    ),
    "no blender": (["{samples}", "--blender", "/no/such/blender"], {}, 69,
                   ["no program '/no/such/blender'"]),
    "no gpu": (["{samples}", "--device", "optix"], {}, 69, ["optix"]),
    "unwritable output": (["{samples}", "--output", "{file}/out"], {}, 69, ["out"]),
    "environment that is no picture": (
        ["{samples}", "--set", "lights.rig=environment", "--set", "lights.environment={sky}"],
        {}, 78, ["lights.environment", "sky.hdr"],
    ),
    "environment that is a torn picture": (
        ["{samples}", "--set", "lights.rig=environment", "--set", "lights.environment={torn}"],
        {}, 78, ["lights.environment", "torn.png"],
    ),
    "no bucket answers": (
        ["{samples}", "--output", "s3://b/p", "--s3-endpoint", "http://{nobody}"],
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-1"},
        69, ["{nobody}"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_clear_line(name, samples, nobody, tmp_path):
    arguments, variables, status, words = CASES[name]
    places = {
        "samples": samples,
        "nobody": nobody,
        "bad": tmp_path / "bad.jsonl",
        "empty": tmp_path / "empty.jsonl",
        "preset": tmp_path / "mine.toml",
        "file": tmp_path / "file",
        "sky": tmp_path / "sky.hdr",
        "torn": tmp_path / "torn.png",
    }
    places["bad"].write_text('{"fileIdentifier": "a.glb"}\n{"fileIdentifier": \n')
    places["empty"].write_text("")
    places["preset"].write_text('extends = "default"\n[camera]\nlayot = "shell"\n')
    places["file"].write_text("")
    places["sky"].write_text("no picture")
    places["torn"].write_bytes(picture("PNG")[:400])
    filled = [argument.format(**places) for argument in arguments]
    if "--output" not in filled:
        filled += ["--output", str(tmp_path / "out")]
    done = run_worker("run", *filled, check=status, **variables)
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(said) == 1, done.stderr
    for word in words:
        assert word.format(**places) in said[0]
    assert not list(tmp_path.glob("out/renders/*"))


@pytest.fixture
def debian():
    """A Blender older than AgX, built without OpenImageDenoise."""
    if not DEBIAN.exists():
        pytest.skip(f"NOT TESTED under a Blender program: no {DEBIAN} (apt-get install blender)")
    return ("--blender", DEBIAN, "--device", "cpu", *SMALL)


@pytest.mark.debian_blender
def test_a_view_transform_that_this_blender_lacks_ends_the_run(samples, tmp_path, debian):
    output = tmp_path / "out"
    arguments = ("run", samples, "--output", output, *debian)
    done = run_worker(*arguments, "--set", "colour.view_transform=agx", check=78)
    (said,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    for word in ("colour.view_transform", "agx", "3.4", "filmic", "--blender bpy"):
        assert word in said
    assert not list(output.glob("*"))  # no job.json: the output is free for another try
    run_worker(*arguments, "--limit", 1, "--set", "colour.view_transform=filmic")


def warnings_with(key, done):
    """Of a busy machine a run may warn too."""
    return [line for line in log_lines(done) if line["level"] == "warning" and key in line]


@pytest.mark.debian_blender
def test_a_run_without_its_denoiser_says_so_once(samples, tmp_path, debian):
    arguments = ("run", samples, *debian, "--limit", 2, "--output")
    for denoise in (True, False):
        wanted = f"cycles.denoise={str(denoise).lower()}"
        done = run_worker(*arguments, tmp_path / str(denoise), "--set", wanted)
        told = [line["denoiser"] for line in warnings_with("denoiser", done)]
        assert told == ["openimagedenoise"] * denoise


def test_a_gpu_that_is_passed_over_is_named_once(samples, tmp_path):
    absent = "GPU-00000000-0000-0000-0000-000000000000"
    for name, visible in (("shown", absent), ("hidden", "")):
        done = run_worker(
            "run", samples, "--output", tmp_path / name, "--limit", 1, *SMALL,
            CUDA_VISIBLE_DEVICES=visible,
        )  # fmt: skip
        told = warnings_with("passed_over", done)
        assert len(told) == (name == "shown")
        for line in told:
            assert [entry.split(":")[0] for entry in line["passed_over"]] == [
                f"optix {absent}", f"cuda {absent}",
            ]  # fmt: skip
            assert "finds no" in line["passed_over"][0]


def test_another_preset_on_the_same_output_is_refused(samples, undisturbed):
    done = run_worker(
        "run", samples, "--output", undisturbed, "--preset", "objaverse-xl", *SMALL, check=78
    )
    assert "job.json" in done.stderr
    assert "preset" in done.stderr


def test_another_index_on_the_same_output_is_refused(own_samples, undisturbed):
    next(own_samples.rglob("*.glb")).unlink()
    done = run_worker("run", own_samples, "--output", undisturbed, *SMALL, check=78)
    assert "index" in done.stderr
    done = run_worker("status", "--output", undisturbed, "--index", own_samples, check=78)
    assert "another index" in done.stderr


def broken_index(samples, folder, *numbers, size=3):
    """An index of which the shards `numbers` are broken: truncated, not text, or gone."""
    run_worker("index", "build", samples, "--to", folder, "--shard-size", size)
    for number, harm in zip(numbers, itertools.cycle((cut, packed, Path.unlink)), strict=False):
        harm(folder / keys.shard_file(keys.shard_name(number)))
    return folder


def cut(shard):
    os.truncate(shard, shard.stat().st_size // 2)


def packed(shard):
    shard.write_bytes(gzip.compress(shard.read_bytes()))


def test_shards_that_are_broken_cost_the_others_nothing(samples, tmp_path):
    index, output = broken_index(samples, tmp_path / "index", 0, 1, 2, size=1), tmp_path / "out"
    summary = tmp_path / "summary.json"
    arguments = ("run", index, "--output", output, "--device", "cpu", *SMALL)
    done = run_worker(*arguments, "--summary", summary, check=65)
    said = done.stderr.splitlines()[-1]
    assert "000000.jsonl" in said
    assert "build the index again" in said
    assert "3 shards are broken" in said
    objects = json.loads((index / keys.INDEX).read_bytes())["objects"]
    (ended,) = [line for line in log_lines(done) if line["event"] == "done"]
    assert (ended["rendered"], ended["broken_shards"]) == (objects - 3, 3)
    assert len(list(output.glob("renders/*.zip"))) == objects - 3
    named = {line["shard"] for line in log_lines(done) if line["level"] == "error"}
    assert named == {"000000", "000001", "000002"}
    told = json.loads(summary.read_bytes())
    assert (told["status"], told["meaning"], told["broken_shards"]) == (65, "shard_broken", 3)
    assert run_worker(*arguments, check=65)  # and nothing is rendered twice
    # Restored, the same output is completed.
    shutil.rmtree(index)
    broken_index(samples, index, size=1)
    run_worker(*arguments)
    assert len(list(output.glob("renders/*.zip"))) == objects


def test_a_rank_whose_only_shard_is_broken_ends_before_blender_starts(samples, tmp_path):
    index, output = broken_index(samples, tmp_path / "index", 1), tmp_path / "out"
    arguments = ("run", index, "--output", output, "--world-size", 2, "--device", "cpu", *SMALL)
    done = run_worker(*arguments, "--rank", 1, check=65)
    (said,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert "000001.jsonl" in said
    assert not (output / keys.JOB).exists()
    run_worker(*arguments, "--rank", 0)  # no other rank's matter
    # A shard that cannot be read may have what is not found elsewhere.
    run_worker("run", index, "--output", output, "--only", "no-such", *SMALL, check=65)


def test_a_shard_found_broken_late_costs_the_others_nothing(samples, tmp_path):
    index, output = tmp_path / "index", tmp_path / "out"
    run_worker("index", "build", samples, "--to", index, "--shard-size", 3)
    listed = json.loads((index / keys.INDEX).read_bytes())
    bad = listed["shards"][1]
    # So many that they are read when their turn comes.
    listed["objects"] += CHECKED_OBJECTS - bad["objects"]
    bad["objects"] = CHECKED_OBJECTS
    (index / keys.INDEX).write_text(json.dumps(listed))
    summary = tmp_path / "summary.json"
    done = run_worker("run", index, "--output", output, "--device", "cpu", "--summary", summary,
                      *SMALL, check=65)  # fmt: skip
    assert "000001.jsonl" in done.stderr.splitlines()[-1]
    said = [json.loads(line) for line in done.stderr.splitlines()[:-1]]
    whole = sum(shard["objects"] for shard in listed["shards"] if shard is not bad)
    assert [line["rendered"] for line in said if line["event"] == "done"] == [whole]
    assert not [line for line in said if line["event"] == "failed"]
    assert len(list(output.glob("renders/*.zip"))) == whole
    told = json.loads(summary.read_bytes())
    assert (told["status"], told["rendered"]) == (65, whole)
    assert "000001.jsonl" in told["error"]


def test_bad_objects_never_stop_the_run(own_samples, tmp_path):
    (own_samples / "garbage.glb").write_bytes(b"glTF" + bytes(range(256)))
    (own_samples / "hollow.obj").write_text("# nothing in it\n")
    (own_samples / "cut.fbx").write_bytes(b"Kaydara FBX Binary  \x00\x1a\x00\x00")
    output = tmp_path / "out"
    run_worker("run", own_samples, "--output", output, "--device", "cpu", *SMALL)
    lines = [json.loads(line) for part in output.glob("ledger/*/*.jsonl") for line in part.open()]
    failed = {line["file_identifier"]: line for line in lines if line["outcome"] == "failed"}
    assert set(failed) == {"garbage.glb", "hollow.obj", "cut.fbx"}
    assert failed["hollow.obj"]["code"] == "empty"
    assert failed["garbage.glb"]["code"] == failed["cut.fbx"]["code"] == "import"
    assert all(line["message"] for line in failed.values())
    assert sum(line["outcome"] == "rendered" for line in lines) == len(
        list(output.glob("renders/*.zip"))
    )


def test_too_many_failures_show_in_the_exit_status(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "a.obj").write_text("# nothing\n")
    arguments = ("run", models, "--output", tmp_path / "out", "--device", "cpu", *SMALL)
    run_worker(*arguments, check=10)
    # settled failures count on a second run as well
    run_worker(*arguments, check=10)
    run_worker(*arguments, "--max-failure-rate", "1.0", check=0)


def test_standard_streams_may_be_closed(own_samples, tmp_path):
    worker = shlex.join(command("run", own_samples, "--output", tmp_path / "out", "--limit", 1,
                                "--device", "cpu", *SMALL))  # fmt: skip
    closed = ["sh", "-c", f"exec {worker} <&- >&- 2>&-"]
    assert subprocess.run(closed, env=environment(), cwd=ROOT, check=False).returncode == 0
    assert len(list(tmp_path.glob("out/renders/*.zip"))) == 1
