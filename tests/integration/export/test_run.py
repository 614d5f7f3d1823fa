"""Exports as runs: shared by ranks, resumed, bound, on S3; bad zips named and left out."""

import hashlib
import json
import shutil
import signal

import boto3
import pytest

from tests.command_line import ledger_parts, listing, run_worker
from tests.fault_injection import kill
from tests.integration.export import scenes
from tests.integration.export.harm import zip_of
from tests.integration.export.stopping import stop_midway
from tests.tools.moto import s3_server
from worker.core import keys
from worker.core.errors import OutputMismatch, UsageError
from worker.core.failpoints import Failpoint
from worker.core.s3 import S3Options

KINDS = {
    "pointcloud": {"layout": "exact", "points": 500, "candidates": 2000},
    "nerf": {},
    "zero123": {},
    "colmap": {},
    "webdataset": {"group_objects": 1},
    "parquet": {"group_objects": 2},
}


def lines(folder):
    return sum(len(part.read_text().splitlines()) for part in ledger_parts(folder))


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_and_a_second_run_give_what_one_run_gives(export, views, tmp_path, kind):
    alone = export(kind, views, tmp_path / "alone", options=KINDS[kind])
    to = tmp_path / "shared"
    for rank in (2, 0, 1):
        export(kind, views, to, options=KINDS[kind], rank=rank, world_size=3)
    assert listing(to) == listing(alone)
    assert lines(to) == lines(alone) == (4 if kind == "parquet" else 3)
    export(kind, views, to, options=KINDS[kind])  # nothing is left to do
    assert lines(to) == lines(alone)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_ledger_costs_time_only(export, views, tmp_path, kind):
    to = export(kind, views, options=KINDS[kind])
    before = listing(to)
    shutil.rmtree(to / "ledger")
    export(kind, views, options=KINDS[kind])
    assert listing(to) == before


def damage(path, how):
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "cut off":
        path.write_bytes(data[: len(data) // 2])
    elif how == "another":
        path.write_bytes(data.replace(b"IDAT", b"IDAX", 1))


@pytest.mark.parametrize(
    ("how", "code"), [("gone", "missing"), ("cut off", "modified"), ("another", "modified")]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_zip_is_named_and_harms_nothing_else(export, own, tmp_path, kind, how, code):
    damage(zip_of(own, 1), how)
    together = {"group_objects": 10} if "group_objects" in KINDS[kind] else {}
    to = export(kind, own, options=KINDS[kind] | together)
    found = scenes.outcomes(to)
    bad = found.pop("https://example.org/1.glb")
    assert (bad["outcome"], bad["code"], bad["step"]) == ("failed", code, "export")
    assert zip_of(own, 1).name in bad["message"]
    assert {outcome["outcome"] for outcome in found.values()} == {"exported"}
    uid = keys.uid_of("https://example.org/1.glb")
    assert not any(uid in name for name in listing(to))
    if kind == "webdataset":
        assert uid.encode() not in (to / "000000.tar").read_bytes()


def test_another_kind_options_or_output_is_refused(export, views, gpt4point, tmp_path):
    to = export("nerf", views)
    for kind, source, options, what in (
        ("nerf", views, {"layout": "nsvf"}, "options"),
        ("parquet", views, {}, "kind"),
        ("nerf", gpt4point, {}, "preset"),
    ):
        with pytest.raises(OutputMismatch, match=what):
            export(kind, source, to, options=options)
    with pytest.raises(OutputMismatch, match="output of renders"):
        export("nerf", views, views)


def test_shared_files_do_not_grow(export, own):
    to = export("webdataset", own)
    part = next(own.glob("ledger/000000/*.jsonl"))
    line = json.loads(part.read_text().splitlines()[0])
    more = line | {"uid": keys.uid_of("x"), "file_identifier": "x", "outcome": "rendered"}
    (part.parent / "later-000000.jsonl").write_text(json.dumps(more) + "\n")
    with pytest.raises(OutputMismatch, match="more objects were rendered"):
        export("webdataset", own, to)


def test_what_failed_is_tried_again_when_asked(export, own):
    good = zip_of(own, 1).read_bytes()
    damage(zip_of(own, 1), "cut off")
    to = export("nerf", own)
    zip_of(own, 1).write_bytes(good)
    export("nerf", own, to)
    assert scenes.outcomes(to)["https://example.org/1.glb"]["outcome"] == "failed"
    export("nerf", own, to, retry=frozenset({"modified"}))
    last = scenes.outcomes(to)["https://example.org/1.glb"]
    assert (last["outcome"], last["attempt"]) == ("exported", 2)
    with pytest.raises(UsageError, match="never change"):
        export("webdataset", own, retry=frozenset({"all"}))
    with pytest.raises(UsageError, match="run --retry lost"):
        export("nerf", own, retry=frozenset({"lost"}))


@pytest.mark.parametrize("kind", ["nerf", "webdataset"])
def test_the_retry_of_a_run_s_environment_does_not_stop_an_export(own, tmp_path, kind):
    """As on Kubernetes, where both Jobs have one ConfigMap."""
    run_worker("export", kind, "--input", own, "--to", tmp_path / "to",
               RENDER_WORKER_RETRY="timeout lost")  # fmt: skip
    assert {line["outcome"] for line in scenes.outcomes(tmp_path / "to").values()} == {"exported"}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("nothing",), 64, "unknown export 'nothing'; allowed: bop, coco, colmap, "),
        (("nerf", "--points", "3"), 64, "has no option --points; allowed: --category, --layout"),
        (("nerf", "--layout", "mine"), 64, "--layout cannot be 'mine' (allowed: blender, get3d, "),
        (("nerf", "--layout", "nerf-studio"), 64, "did you mean 'nerfstudio'? (allowed: blender, "),
        (("webdataset", "--layout", "zeronvs", "--background", "red"), 64,
         "--background cannot be 'red' (allowed: black, white)"),
        (("pointcloud", "--layout", "GPT4Point"), 64, "did you mean 'gpt4point'? (allowed: exact"),
        (("nerf", "--splits", "1,2"), 64, "three numbers"),
        (("pointcloud", "--points", "5000", "--candidates", "1000"), 64,
         "--candidates must be at least --points: 1000 < 5000"),
        (("pointcloud", "--points", "200000"), 64, "at least --points: 131072 < 200000"),
        (("nerf", "--category", "foo"), 64,
         "--layout blender has no option --category; use it with"),
        (("nerf", "--layout", "get3d", "--splits", "1,1,1"), 64, "get3d has no option --splits"),
        (("nerf", "--layout", "get3d", "--category", "a/b"), 64, "'a/b' cannot be a folder name"),
        (("nerf", "--layout", "nsvf", "--mixed-radii"), 64,
         "nsvf has no option --mixed-radii; use it with --layout blender or get3d"),
        (("webdataset", "--category", "x"), 64, "plain has no option --category; use it with"),
        (("webdataset", "--layout", "plain", "--background", "black"), 64,
         "has no option --background"),
        (("webdataset", "--layout", "zeronvs", "--category", "a/b"), 64, "'a/b' cannot be part"),
        (("webdataset", "--layout", "zeronvs", "--category", ""), 64, "'' cannot be part of a key"),
        (("omage", "--categories", "a,b", "--category", "c"), 64, "'c' is not one of --categories"),
        (("omage", "--categories", "a,,b"), 64, "distinct names, separated by commas"),
        (("parquet", "--input", "/nowhere/at/all"), 78, "no job.json"),
    ],
)  # fmt: skip
def test_the_command_says_what_is_wrong(views, tmp_path, arguments, status, said):
    kind, *rest = arguments
    where = () if "--input" in rest else ("--input", views)
    done = run_worker("export", kind, *where, "--to", tmp_path / "to", *rest, check=status)
    assert said in done.stderr
    assert not (tmp_path / "to").exists()


def test_the_command_on_s3_gives_what_it_gives_in_a_folder(export, views, tmp_path, monkeypatch):
    folder = export("nerf", views)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with s3_server() as url:
        s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        s3.create_bucket(Bucket="bucket")
        for path in views.rglob("*"):
            if path.is_file():
                s3.upload_file(str(path), "bucket", f"in/{path.relative_to(views).as_posix()}")
        options = S3Options(endpoint_url=url, region="us-east-1")
        export("nerf", "s3://bucket/in", "s3://bucket/to", s3=options, status=0)
        found = {}
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix="to/")
        for entry in (entry for page in pages for entry in page["Contents"]):
            key = entry["Key"].removeprefix("to/")
            if not key.startswith("ledger/"):
                body = s3.get_object(Bucket="bucket", Key=entry["Key"])["Body"].read()
                found[key] = hashlib.sha256(body).hexdigest()
        assert found == listing(folder)


def test_the_command_on_slurm_takes_its_share(views, tmp_path):
    for rank in range(2):
        slurm = {"JOB_ID": 7, "STEP_ID": 0, "NTASKS": 2, "PROCID": rank}
        variables = {f"SLURM_{name}": str(value) for name, value in slurm.items()}
        run_worker("export", "nerf", "--input", views, "--to", tmp_path / "to", **variables)
        assert lines(tmp_path / "to") > 0
    assert len(list((tmp_path / "to").glob("*/turntable.gif"))) == 3


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_stopped_and_run_again_it_gives_what_an_undisturbed_run_gives(export, tmp_path, how):
    images = ("colour", "depth", "normal")
    out = scenes.output(tmp_path / "out", scenes.recipe(views=6, size=96, images=images), objects=6)
    options = {"layout": "exact", "points": 5000}
    alone = export("pointcloud", out, tmp_path / "alone", options=options)
    to = tmp_path / "to"
    arguments = ("export", "pointcloud", "--input", out, "--to", to, "--layout", "exact",
                 "--points", 5000, "--workers", 1)  # fmt: skip
    stop_midway(arguments, how, to, "ply/*.ply")
    assert 0 < len(list(to.glob("ply/*.ply"))) < 6
    export("pointcloud", out, to, options=options)
    assert listing(to, killed=how == signal.SIGKILL) == listing(alone)
    assert {line["outcome"] for line in scenes.outcomes(to).values()} == {"exported"}


def test_killed_in_the_middle_of_a_write_it_leaves_what_no_store_shows(export, views, tmp_path):
    alone = export("nerf", views, tmp_path / "alone")
    to = tmp_path / "to"
    run_worker("export", "nerf", "--input", views, "--to", to, check=-signal.SIGKILL,
               first=kill.first(f"{Failpoint.FOLDER_WRITTEN}:5"))  # fmt: skip
    assert [path for path in to.rglob("*") if path.is_file() and keys.is_own(path.name)]
    export("nerf", views, to)
    assert listing(to, killed=True) == listing(alone)
