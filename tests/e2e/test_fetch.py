"""fetch, and runs that read what it has kept when all servers are gone: by HTTP, S3 and git."""

from __future__ import annotations

import io
import json
import shutil
import signal
import subprocess
import zipfile

import boto3
import pytest

from tests.command_line import ROOT, command, environment, ledger_parts, listing, run_worker
from tests.e2e import crash, github_cubes
from tests.e2e.github_cubes import GITHUB
from tests.fault_injection import kill
from tests.integration.sources.servers import Web, body
from tests.patience import HANG_S
from tests.tools.moto import s3_server
from worker.core.keys import uid_of
from worker.stores import open_store

ALLOWED = ("--allow-hosts", "127.0.0.1")
MATERIAL = "newmtl red\nKd 1 0 0\n"
SECRETS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_DEFAULT_REGION": "us-east-1",
}
NOWHERE = {
    "GIT_CONFIG_COUNT": "0",
    "https_proxy": "http://127.0.0.1:9",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}


def red(text: str) -> str:
    return f"mtllib red.mtl\nusemtl red\n{text}"


class Sources:
    """Servers that hold the objects of an index, until they are stopped."""

    def __init__(self, base):
        models = crash.cubes(base / "models", 4)
        first, second, third, fourth = (path.read_text() for path in sorted(models.iterdir()))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("a/model.obj", red(second))
            archive.writestr("a/red.mtl", MATERIAL)
        self.web = Web()
        self.web.routes["/first.obj"] = body(first.encode())
        self.web.routes["/second.zip"] = body(packed.getvalue())
        self.web.__enter__()
        self.s3 = s3_server()
        endpoint = self.s3.__enter__()
        client = boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a",
            aws_secret_access_key="b",
        )  # fmt: skip
        client.create_bucket(Bucket="models")
        for key, data in {"one/third.obj": red(third), "one/red.mtl": MATERIAL}.items():
            client.put_object(Bucket="models", Key=key, Body=data.encode())
        git_settings, commit = github_cubes.repository(base, 3)
        self.variables = {
            **SECRETS,
            **git_settings,
            "RENDER_WORKER_S3_ENDPOINT": endpoint,
        }
        local = base / "local.obj"
        local.write_text(fourth)
        self.names = [
            f"{self.web.url}/first.obj",
            f"{self.web.url}/second.zip",
            f"{self.web.url}/gone.obj",
            "s3://models/one/third.obj",
            f"{GITHUB}/blob/{commit}/cube-000.obj",
            f"{GITHUB}/blob/{commit}/cube-001.obj",
            f"{GITHUB}/blob/{commit}/none.obj",
            str(local),
        ]
        (base / "list.jsonl").write_text(
            "".join(json.dumps({"fileIdentifier": name}) + "\n" for name in self.names)
        )
        self.found = f"{GITHUB}/blob/{commit}/cube-002.obj"
        self.commit = commit

    def stop(self):
        if self.web is not None:
            self.web.__exit__()
            self.s3.__exit__(None, None, None)
            self.web = None


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """An index of eight objects, a direct run of it, and downloads of it by two ranks.

    All servers are stopped afterwards, so that nothing can be had from them any more.
    """
    base = tmp_path_factory.mktemp("world")
    sources = Sources(base)
    try:
        run_worker("index", "build", base / "list.jsonl", "--to", base / "index", "--shard-size", 3)
        direct = ("run", base / "index", "--output", base / "direct", "--render-new")
        run_worker(*direct, *ALLOWED, *crash.TINY, **sources.variables)
        for rank in (0, 1):
            run_worker(
                "fetch", base / "index", "--to", base / "place", *ALLOWED,
                "--rank", rank, "--world-size", 2, **sources.variables,
            )  # fmt: skip
    finally:
        sources.stop()
    return base, sources


@pytest.fixture
def place(world, tmp_path):
    """A copy of the downloads, to be changed."""
    return shutil.copytree(world[0] / "place", tmp_path / "place")


def offline(base, output, place, *more, check=0):
    """A run for which there is no server: only what `place` has."""
    return run_worker(
        "run", base / "index", "--output", output, "--downloads", place, *crash.TINY, *more,
        check=check, **NOWHERE,
    )  # fmt: skip


def outcomes(output):
    return {
        name: line
        for part in ledger_parts(output)
        for line in map(json.loads, part.read_text().splitlines())
        for name in [line["file_identifier"]]
    }


def test_a_run_without_servers_makes_the_same_bytes(world, tmp_path):
    base, sources = world
    offline(base, tmp_path / "out", base / "place", "--render-new")
    assert listing(tmp_path / "out") == listing(base / "direct")
    assert f"renders/{uid_of(sources.found)}.zip" in listing(tmp_path / "out")
    ours, theirs = outcomes(tmp_path / "out"), outcomes(base / "direct")
    assert {name: (line["outcome"], line.get("code"), line.get("message"))
            for name, line in ours.items()} == {
        name: (line["outcome"], line.get("code"), line.get("message"))
        for name, line in theirs.items()
    }  # fmt: skip
    assert [line["code"] for line in ours.values() if "code" in line] == ["missing", "missing"]


def test_an_output_begun_with_the_network_is_continued_without(world, tmp_path):
    base, _ = world
    shutil.copytree(base / "direct", tmp_path / "out")
    for zip_ in sorted((tmp_path / "out" / "renders").iterdir())[:3]:
        zip_.unlink()
    offline(base, tmp_path / "out", base / "place", "--retry", "lost", "--render-new")
    assert listing(tmp_path / "out") == listing(base / "direct")


def test_a_sample_is_estimated_and_an_object_is_debugged_without_servers(world, tmp_path):
    base, sources = world
    place = ("--downloads", base / "place", *crash.TINY)
    done = run_worker("estimate", base / "index", *place, "--output", tmp_path / "sample",
                      "--sample", 8, "--json", **NOWHERE)  # fmt: skip
    found = json.loads(done.stdout)
    assert (found["objects"], found["sample"], found["failed"]) == (8, 8, {"missing": 2})
    zips = {name: sha256 for name, sha256 in listing(tmp_path / "sample").items()
            if name.startswith("renders/")}  # fmt: skip
    assert len(zips) == 6
    assert zips.items() <= listing(base / "direct").items()
    few = run_worker("estimate", base / "index", *place, "--sample", 3, "--json",
                     "--max-failure-rate", 1, **NOWHERE)  # fmt: skip
    assert json.loads(few.stdout)["sample"] == 3

    for number, name in enumerate((sources.names[1], sources.names[4])):
        to = tmp_path / f"debug-{number}"
        run_worker("debug", base / "index", "--only", name, "--to", to, *place, **NOWHERE)
        made = (to / f"{uid_of(name)}.zip").read_bytes()
        assert made == (base / "direct" / "renders" / f"{uid_of(name)}.zip").read_bytes()
    gone = ("debug", base / "index", "--only", sources.names[2], *place)
    run_worker(*gone, "--to", tmp_path / "gone", check=10, **NOWHERE)
    assert json.loads((tmp_path / "gone" / "outcome.json").read_text())["code"] == "missing"
    other = crash.cubes(tmp_path / "models", 1)
    for command_ in (("estimate",), ("debug", "--to", tmp_path / "other")):
        refused = run_worker(command_[0], other, *command_[1:], *place, check=78)
        assert "another index" in refused.stderr


def test_a_commit_is_kept_once_and_local_files_are_not(world):
    base, sources = world
    kept = {path.relative_to(base / "place" / "downloads").as_posix()
            for path in (base / "place" / "downloads").rglob("*.tar")}  # fmt: skip
    own = [name for name in sources.names[:4] if not name.endswith("gone.obj")]
    assert kept == {f"github/org/repo/{sources.commit}.tar", *(f"{uid_of(n)}.tar" for n in own)}


def test_its_status(world):
    base, _ = world
    for more in ((), ("--index", base / "index")):
        done = run_worker("status", "--output", base / "place", "--json", *more)
        found = json.loads(done.stdout)
        assert found["outcomes"] == {"fetched": 6, "failed": 2}
        assert found["codes"] == {"missing": 2}
        assert (found["done"], found["left"], found["total"]) == (8, 0, 8)
    listed = run_worker("status", "--output", base / "place", "--failures", "missing").stdout
    assert len(listed.splitlines()) == 2


def test_what_was_not_fetched_says_what_to_do_and_is_rendered_later(world, place, tmp_path):
    base, sources = world
    absent = place / "downloads" / f"{uid_of(sources.names[0])}.tar"
    held = absent.rename(tmp_path / "held.tar")
    damaged = place / "downloads" / f"{uid_of(sources.names[3])}.tar"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole.replace(b"Kd 1 0 0", b"Kd 0 1 0"))
    offline(base, tmp_path / "out", place, "--render-new")
    lines = outcomes(tmp_path / "out")
    assert {lines[sources.names[number]]["code"] for number in (0, 3)} == {"download"}
    assert "render-worker fetch" in lines[sources.names[0]]["message"]
    assert "was changed since it was fetched" in lines[sources.names[3]]["message"]
    assert str(tmp_path) not in json.dumps(lines)
    held.rename(absent)
    damaged.write_bytes(whole)
    offline(base, tmp_path / "out", place, "--render-new")
    assert listing(tmp_path / "out") == listing(base / "direct")


def test_a_place_of_another_index_or_of_none_is_refused(world, tmp_path):
    base, _ = world
    crash.cubes(tmp_path / "models", 1)
    run = ("run", tmp_path / "models", "--output", tmp_path / "out", *crash.TINY, "--downloads")
    assert "another index" in run_worker(*run, base / "place", check=78).stderr
    assert "nothing was fetched" in run_worker(*run, tmp_path / "none", check=78).stderr
    into = ("fetch", tmp_path / "models", "--to")
    assert "another index" in run_worker(*into, base / "place", check=78).stderr
    assert "an output of renders" in run_worker(*into, base / "direct", check=78).stderr
    assert "a place of downloads" in run_worker(
        "run", base / "index", "--output", base / "place", *crash.TINY, check=78
    ).stderr  # fmt: skip
    kept = ("--keep-downloads", tmp_path / "kept")
    assert "--keep-downloads" in run_worker(*run, base / "place", *kept, check=64).stderr


@pytest.fixture
def web(tmp_path):
    """A server of six cubes, and a list of them."""
    models = crash.cubes(tmp_path / "models", 6)
    with Web() as server:
        for path in models.iterdir():
            server.routes[f"/{path.name}"] = body(path.read_bytes())
        names = [f"{server.url}/{path.name}" for path in sorted(models.iterdir())]
        (tmp_path / "list.txt").write_text("\n".join(names) + "\n")
        yield server


def places(folder):
    """What a place has, besides its ledger and what a killed worker had not finished to write."""
    return listing(folder, killed=True)


@pytest.mark.parametrize(
    "where",
    ["fetch-before:3", "folder-written:5", "folder-linked:5", "record-before:2", "part-before"],
)
def test_a_fetch_killed_here_and_run_again_is_as_if_undisturbed(web, tmp_path, where):
    fetch = ("fetch", tmp_path / "list.txt", *ALLOWED, "--to")
    run_worker(*fetch, tmp_path / "whole")
    done = run_worker(*fetch, tmp_path / "place", first=kill.first(where), check=None)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert places(tmp_path / "place").items() <= places(tmp_path / "whole").items()
    run_worker(*fetch, tmp_path / "place")
    assert places(tmp_path / "place") == places(tmp_path / "whole")
    lines = outcomes(tmp_path / "place")
    assert [line["outcome"] for line in lines.values()] == 6 * ["fetched"]
    before = len(web.asked)
    assert '"settled_earlier": 6' in run_worker(*fetch, tmp_path / "place").stderr
    assert len(web.asked) == before


def test_a_stop_finishes_cleanly_and_the_next_fetch_goes_on(web, tmp_path):
    fetch = ("fetch", tmp_path / "list.txt", *ALLOWED, "--download-workers", 1)
    fetch = (*fetch, "--to", tmp_path / "place")
    first = web.routes["/cube-003.obj"]

    def stopping(handler):
        started.send_signal(signal.SIGTERM)
        web.routes["/cube-003.obj"] = first
        first(handler)

    web.routes["/cube-003.obj"] = stopping
    started = subprocess.Popen(
        command(*fetch), env=environment(PYTHONPATH=str(ROOT)), stderr=subprocess.PIPE, text=True
    )
    _, said = started.communicate(timeout=HANG_S)
    assert started.returncode == 75, said
    run_worker(*fetch)
    assert [line["outcome"] for line in outcomes(tmp_path / "place").values()] == 6 * ["fetched"]


def test_what_has_disappeared_is_fetched_again_and_what_has_changed_is_said(web, tmp_path):
    fetch = ("fetch", tmp_path / "list.txt", *ALLOWED, "--to", tmp_path / "place")
    run_worker(*fetch)
    whole = places(tmp_path / "place")
    gone, changed, *_ = sorted((tmp_path / "place" / "downloads").iterdir())
    gone.unlink()
    changed.write_bytes(b"other")
    said = run_worker(*fetch, "--retry", "lost").stderr
    assert "already exists with other bytes" in said
    assert '"fetched": 1, "failed": 1' in said
    changed.unlink()
    run_worker(*fetch, "--retry", "lost")
    assert places(tmp_path / "place") == whole


def test_a_selection_is_completed_later(web, tmp_path):
    fetch = ("fetch", tmp_path / "list.txt", *ALLOWED, "--to", tmp_path / "place")
    assert '"fetched": 1' in run_worker(*fetch, "--only", "cube-002.obj").stderr
    assert '"fetched": 2' in run_worker(*fetch, "--limit", 2).stderr
    assert '"fetched": 3' in run_worker(*fetch).stderr
    assert "cube-002.obj" in run_worker(*fetch, "--only", "cube-02.obj", check=78).stderr


def test_downloads_on_s3(web, tmp_path):
    with s3_server() as endpoint:
        variables = {**SECRETS, "RENDER_WORKER_S3_ENDPOINT": endpoint}
        boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="a",
            aws_secret_access_key="b",
        ).create_bucket(Bucket="bucket")  # fmt: skip
        only = ("--only", "cube-00[01].obj")
        run = ("run", tmp_path / "list.txt", *only, *crash.TINY, "--output")
        run_worker(*run, tmp_path / "direct", *ALLOWED)
        fetch = ("fetch", tmp_path / "list.txt", *only, *ALLOWED, "--to", "s3://bucket/place")
        run_worker(*fetch, **variables)
        web.routes.clear()
        asked = len(web.asked)
        run_worker(*run, tmp_path / "out", "--downloads", "s3://bucket/place", **variables)
        assert len(web.asked) == asked
    assert listing(tmp_path / "out") == listing(tmp_path / "direct")
    assert len(list(open_store(str(tmp_path / "out")).list("renders/"))) == 2


def test_scenes_drawn_by_the_run_from_fetched_objects(web, tmp_path):
    few = ("--preset", "scenes-multi", "--set", "scenes.samples=4", "--set", "views=2", "--set",
           "resolution=32", "--set", "samples=1", "--set", "cycles.denoise=false",
           "--device", "cpu")  # fmt: skip
    del web.routes["/cube-004.obj"]  # a spare takes its place
    records = [
        {"fileIdentifier": f"{web.url}/cube-{number:03d}.obj", "metadata": {"category": "cubes"}}
        for number in range(6)
    ]
    (tmp_path / "list.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    build = ("index", "build", tmp_path / "list.jsonl", "--shard-size", 2)
    run_worker(*build, "--to", tmp_path / "index")
    run = ("run", tmp_path / "index", *few, "--output")
    run_worker(*run, tmp_path / "direct", *ALLOWED)
    run_worker("fetch", tmp_path / "index", "--to", tmp_path / "place", *ALLOWED)
    web.routes.clear()
    asked = len(web.asked)
    run_worker(*run, tmp_path / "out", "--downloads", tmp_path / "place")
    assert len(web.asked) == asked
    assert listing(tmp_path / "out") == listing(tmp_path / "direct")
    assert len(list((tmp_path / "out" / "renders").iterdir())) == 2
