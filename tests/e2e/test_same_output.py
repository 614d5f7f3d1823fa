"""The same bytes from one worker, from three ranks, from a killed and resumed run, on S3."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest

from tests.command_line import (
    ASIDE,
    ROOT,
    SMALL,
    command,
    environment,
    ledger_parts,
    listing,
    log_lines,
    run_worker,
)
from tests.e2e import crash
from tests.patience import HANG_S, until
from tests.tools import rgw
from tests.tools.moto import s3_server
from tests.tools.programs import faulty


def outcomes(output: Path) -> list[str]:
    return [line for part in ledger_parts(output) for line in part.open() if line]


def test_three_ranks_give_what_one_worker_gives(samples, undisturbed, tmp_path):
    output = tmp_path / "out"
    ranks = [
        subprocess.Popen(
            command("run", samples, "--output", output, "--device", "cpu",
                    "--rank", rank, "--world-size", 3, *SMALL),
            env=environment(),
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        for rank in range(3)
    ]  # fmt: skip
    assert [rank.wait(HANG_S) for rank in ranks] == [0, 0, 0]
    assert listing(output) == listing(undisturbed)
    assert len(outcomes(output)) == len(outcomes(undisturbed))


def test_a_run_killed_halfway_and_run_again_gives_the_same(samples, undisturbed, tmp_path):
    output, scratch = tmp_path / "out", tmp_path / "scratch"
    arguments = ("run", samples, "--output", output, "--device", "cpu",
                 "--scratch", scratch, *SMALL)  # fmt: skip
    asleep = faulty(tmp_path / "blender", "sleep:scene:rocket.glb")
    stopping = (*arguments[1:], "--blender", asleep, "--download-workers", 1,
                "--children-per-device", 1)  # fmt: skip
    with crash.worker(*stopping, *crash.PATIENT_OPTIONS) as worker:
        until(lambda: len(list(output.glob("renders/*.zip"))) >= 2, while_runs=worker)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert len(list(output.glob("renders/*.zip"))) < len(listing(undisturbed)) - 1
    run_worker(*arguments)
    assert listing(output, killed=True) == listing(undisturbed)
    assert list(scratch.iterdir()) == []


def test_a_finished_run_run_again_does_nothing(samples, undisturbed):
    before = listing(undisturbed)
    done = run_worker("run", samples, "--output", undisturbed, "--device", "cpu", *SMALL)
    assert listing(undisturbed) == before
    assert '"rendered": 0' in done.stderr


class Server(NamedTuple):
    """An S3 server: its address, and what a client needs in the environment."""

    endpoint: str
    environment: dict[str, str]


def credentials(access: str, secret: str, ca: str = "") -> dict[str, str]:
    keys = {
        "AWS_ACCESS_KEY_ID": access,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return {**keys, "AWS_CA_BUNDLE": ca} if ca else keys


@pytest.fixture
def moto():
    with s3_server() as url:
        yield [Server(url, credentials("test", "test"))]


@pytest.fixture
def ceph():
    with ExitStack() as stack:
        try:
            server = stack.enter_context(rgw.running())
        except rgw.Unavailable as reason:
            pytest.skip(f"NO CEPH RGW ON THIS MACHINE: {reason}")
        keys = server.access_key, server.secret_key
        yield [
            Server(server.http, credentials(*keys)),
            Server(server.https, credentials(*keys, ca=str(server.ca))),
        ]


@pytest.mark.parametrize("kind", ["moto", pytest.param("ceph", marks=pytest.mark.rgw)])
def test_s3_holds_what_a_folder_holds(kind, samples, undisturbed, request):
    for number, server in enumerate(request.getfixturevalue(kind)):
        _holds_the_same(server, f"renders{number}", samples, undisturbed)


def _holds_the_same(server, bucket, samples, undisturbed):
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=server.environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
        verify=server.environment.get("AWS_CA_BUNDLE"),
    )
    client.create_bucket(Bucket=bucket)
    run_worker(
        "run", samples, "--output", f"s3://{bucket}/a/prefix", "--device", "cpu",
        "--s3-endpoint", server.endpoint, "--s3-addressing", "path", *SMALL,
        **server.environment,
    )  # fmt: skip
    stored = {
        entry["Key"].removeprefix("a/prefix/"): entry["Key"]
        for entry in client.list_objects_v2(Bucket=bucket)["Contents"]
    }
    bodies = {
        key: hashlib.sha256(client.get_object(Bucket=bucket, Key=full)["Body"].read())
        for key, full in stored.items()
        if not key.startswith(ASIDE)
    }
    assert {key: body.hexdigest() for key, body in bodies.items()} == listing(undisturbed)
    assert any(key.startswith("ledger/") for key in stored)


def test_log_lines_say_who_where_and_what(samples, tmp_path):
    done = run_worker(
        "run", samples, "--output", tmp_path / "out", "--device", "cpu", "--limit", 1,
        "--rank", 0, "--world-size", 2, *SMALL,
    )  # fmt: skip
    lines = log_lines(done)
    assert {line["rank"] for line in lines} == {0}
    (rendered,) = [line for line in lines if line["event"] == "rendered"]
    assert {"shard", "uid", "phase", "timestamp", "level"} <= set(rendered)


def test_a_failure_says_in_which_step_in_log_and_ledger(tmp_path):
    (tmp_path / "hollow.obj").write_text("# nothing in it\n")
    (tmp_path / "list.txt").write_text("gone.obj\nhollow.obj\n")
    done = run_worker("run", tmp_path / "list.txt", "--output", tmp_path / "out", "--device", "cpu",
                      *SMALL, check=10)  # fmt: skip
    told = {line["object"]: line["phase"] for line in log_lines(done) if line["event"] == "failed"}
    kept = {
        line["file_identifier"]: line["step"]
        for part in tmp_path.glob("out/ledger/*/*.jsonl")
        for line in map(json.loads, part.read_text().splitlines())
    }
    assert told == kept == {"gone.obj": "fetch", "hollow.obj": "render"}
