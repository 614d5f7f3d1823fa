"""Several workers over the same objects, killed at random and started again."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator

import boto3
import pytest

from tests.command_line import ROOT, command, environment, run_worker
from tests.e2e import crash
from tests.patience import HANG_S, until
from tests.tools import processes
from tests.tools.faultproxy import Proxy, proxy
from tests.tools.moto import s3_server
from worker.core.s3 import S3Options
from worker.stores import Store, open_store

OBJECTS = 150
WORKERS = 3
KILLS = 12
SEED = 20_250_101
KEYS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
}
BUCKET = "chaos"
BLAMED = ("--retry", "crash")
"""An object that two kills met, of which one met it alone, is blamed for them."""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return crash.cubes(tmp_path_factory.mktemp("chaos") / "models", OBJECTS)


@pytest.fixture(scope="module")
def undisturbed(models, tmp_path_factory) -> Store:
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    run_worker("run", models, "--output", output, *crash.TINY)
    return open_store(str(output))


@pytest.fixture
def s3(monkeypatch) -> Iterator[tuple[Proxy, object]]:
    """A proxy before a moto bucket that keeps every version, and a client past the proxy."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with s3_server() as direct, proxy(direct) as before:
        client = boto3.session.Session().client("s3", endpoint_url=direct, region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield before, client


class Crowd:
    """Workers over one output. `ranked`: they share its shards; else each takes all objects."""

    def __init__(self, arguments: tuple[object, ...], ranked: bool) -> None:
        self._arguments = arguments
        self._ranked = ranked
        self.workers: list[subprocess.Popen[bytes] | None] = [None] * WORKERS
        for number in range(WORKERS):
            self.start(number)

    def start(self, number: int) -> None:
        rank = ("--rank", number, "--world-size", WORKERS) if self._ranked else ()
        self.workers[number] = subprocess.Popen(
            command("run", *self._arguments, *rank),
            env=environment(**KEYS), cwd=ROOT,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill_at_random(self, seed: int) -> int:
        """Kill, and start again, a worker every now and then. How many were killed at work."""
        dice = random.Random(seed)
        killed = 0
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.4, 1.6))
            while not (running := self.running()):
                self.start(dice.randrange(WORKERS))
            number = dice.choice(running)
            worker = self.workers[number]
            worker.send_signal(signal.SIGKILL)
            killed += worker.wait() == -signal.SIGKILL
            self.start(number)
        return killed

    def running(self) -> list[int]:
        return [number for number, worker in enumerate(self.workers) if worker.poll() is None]

    def finish(self) -> list[int]:
        return [worker.wait(HANG_S) for worker in self.workers]

    def end(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()


@pytest.mark.slow
@pytest.mark.parametrize("ranked", [True, False], ids=["ranks", "all-the-same"])
def test_workers_killed_at_random_leave_one_zip_an_object(
    ranked, models, undisturbed, s3, tmp_path
):
    server, client = s3
    uri = f"s3://{BUCKET}/an/output"
    scratch = tmp_path / "scratch"
    arguments = (
        models, "--output", uri, "--s3-endpoint", server.url, "--s3-region", "us-east-1",
        "--s3-addressing", "path", "--scratch", scratch, "--threads", 1, *crash.TINY,
    )  # fmt: skip
    crowd = Crowd(arguments, ranked)
    try:
        assert crowd.kill_at_random(SEED + ranked) >= KILLS // 2
        assert crowd.finish() == [0] * WORKERS
    finally:
        crowd.end()
    run_worker("run", *arguments, *BLAMED, **KEYS)
    store = open_store(
        uri, S3Options(endpoint_url=server.url, region="us-east-1", addressing_style="path")
    )
    assert crash.stored(store) == crash.stored(undisturbed)
    assert crash.folded(store) == crash.folded(undisturbed)

    versions = defaultdict(set)
    for page in client.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        for version in page.get("Versions", ()):
            if not crash.MANY_TIMES.search(version["Key"]):
                versions[version["Key"]].add(version["VersionId"])
    assert len(versions) > OBJECTS
    assert [key for key, kept in versions.items() if len(kept) != 1] == []
    held = server.record.bodies
    assert [
        path for path in held if not crash.MANY_TIMES.search(path) and len(held[path]) != 1
    ] == []

    until(lambda: not processes.below(scratch))
    crash.age_unnamed(scratch)
    run_worker("run", *arguments, **KEYS)  # it has nothing to do but to clean up
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_workers_killed_at_random_over_a_folder(models, undisturbed, tmp_path):
    output, scratch = tmp_path / "out", tmp_path / "scratch"
    arguments = (models, "--output", output, "--scratch", scratch, "--threads", 1, *crash.TINY)
    crowd = Crowd(arguments, ranked=False)
    inodes: dict[str, set[int]] = defaultdict(set)
    try:
        killed = crowd.kill_at_random(SEED)
        while crowd.running():
            for path in output.glob("renders/*.zip"):
                inodes[path.name].add(path.stat().st_ino)
            crash.check_promises(output, crash.stored(undisturbed))
            time.sleep(0.1)
        assert killed >= KILLS // 2
        assert crowd.finish() == [0] * WORKERS
    finally:
        crowd.end()
    run_worker("run", *arguments, *BLAMED)
    assert crash.stored(open_store(str(output))) == crash.stored(undisturbed)
    assert crash.folded(open_store(str(output))) == crash.folded(undisturbed)
    assert all(len(seen) == 1 for seen in inodes.values())
