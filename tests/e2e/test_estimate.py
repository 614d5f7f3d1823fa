"""`render-worker estimate` with a real Blender, against the run that it foretells."""

from __future__ import annotations

import json

import boto3
import botocore.httpsession
import pytest

from tests.command_line import SMALL, listing, run_worker
from tests.tools.moto import s3_server
from worker.core.s3 import S3Options
from worker.core.s3_get import QuickGet
from worker.report.sampling import estimate
from worker.run.command import RunOptions
from worker.supervisor.pool import PoolOptions


def test_of_the_whole_list_it_is_what_the_run_makes(samples, undisturbed, tmp_path):
    output = tmp_path / "sample"
    done = run_worker("estimate", samples, "--device", "cpu", "--output", output, "--json", *SMALL)
    found = json.loads(done.stdout)
    zips = list(undisturbed.glob("renders/*.zip"))
    assert (found["objects"], found["sample"], found["failed"]) == (len(zips), len(zips), {})
    size = sum(path.stat().st_size for path in zips)
    assert found["bytes"] == {"mean": size, "low": size, "high": size}
    assert found["hours"]["mean"] > 0
    assert found["device"] == "cpu"
    same = {name: digest for name, digest in listing(undisturbed).items() if "renders/" in name}
    assert same.items() <= listing(output).items()
    again = run_worker("estimate", samples, "--output", output, *SMALL, check=78)
    assert "has an output already" in again.stderr


def test_a_sample_leaves_nothing_behind(samples, undisturbed, tmp_path):
    done = run_worker("estimate", samples, "--sample", 2, "--device", "cpu", "--scratch",
                      tmp_path / "scratch", *SMALL)  # fmt: skip
    assert "from 2 objects on cpu" in done.stdout
    assert "objects per hour" in done.stdout
    assert not list((tmp_path / "scratch").iterdir())


def test_wrong_options_are_refused_as_a_run_refuses_them(tmp_path):
    run_worker("estimate", tmp_path / "nothing", check=78)
    run_worker("estimate", tmp_path, "--preset", "nope", check=78)
    run_worker("estimate", tmp_path, "--sample", 0, check=64)


def test_the_requests_are_those_of_a_run_on_s3(samples, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    sent = []
    send = botocore.httpsession.URLLib3Session.send

    def counted(session, request):
        sent.append(request.url)
        return send(session, request)

    get = QuickGet.get

    def counted_too(quick, key):
        sent.append(key)
        found = get(quick, key)
        if found is None:
            sent.pop()  # boto3 is asked
        return found

    with s3_server() as url:
        boto3.client("s3", endpoint_url=url, region_name="us-east-1").create_bucket(Bucket="bucket")
        monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", counted)
        monkeypatch.setattr(QuickGet, "get", counted_too)
        options = RunOptions(
            index=str(samples), output="", overrides=SMALL[1::2], pool=PoolOptions(device="cpu"),
            scratch=tmp_path, s3=S3Options(endpoint_url=url, region="us-east-1"),
        )  # fmt: skip
        found, _ = estimate(options, 50, "s3://bucket/sample")
    # The estimate itself looks for an output before, and reads the ledger after the run.
    assert found.requests == pytest.approx(len(sent) - 4, abs=3)
