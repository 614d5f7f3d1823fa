"""`render-worker doctor` and `warm` on this machine, and on broken ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time

import pytest

from tests.command_line import run_worker
from tests.e2e import crash
from tests.tools.moto import s3_server
from tests.tools.programs import FAKE_GPUS, program

KEYS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_REGION": "us-east-1",
}


def examine(*arguments, check: int = 0, **variables) -> dict[str, dict]:
    """The doctor's checks by name."""
    done = run_worker("doctor", "--json", "--device", "cpu", *arguments, check=check, **variables)
    found = json.loads(done.stdout)
    assert found["ok"] == (check == 0)
    return {one["name"]: one for one in reversed(found["checks"])}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    with s3_server() as url:
        yield url


def test_a_good_node_with_a_real_render_and_s3(moto):
    import boto3

    boto3.session.Session("key", "secret", region_name="us-east-1").client(
        "s3", endpoint_url=moto
    ).create_bucket(Bucket="out")
    found = examine("--blender", "bpy", "--output", "s3://out/a", "--s3-endpoint", moto, **KEYS)
    assert found["blender"]["facts"]["version"].startswith("4.5")
    assert "glb" in found["blender"]["facts"]["formats"]
    assert found["device"]["facts"]["renders"] is True
    assert found["store"]["facts"]["creates_once"] is True
    assert abs(found["clock"]["facts"]["skew_s"]) < 60
    assert {"scratch", "downloads", "memory", "cores"} <= set(found)


def test_a_table_for_a_person(tmp_path):
    done = run_worker("doctor", "--device", "cpu", "--output", tmp_path / "out")
    assert "test render in" in done.stdout
    assert "ready to render" in done.stdout


def test_a_blender_that_does_not_start(tmp_path):
    broken = tmp_path / "blender"
    broken.write_text("#!/bin/sh\necho 'libnone.so: cannot open shared object file'\nexit 127\n")
    broken.chmod(0o755)
    found = examine("--blender", str(broken), check=69)
    assert found["blender"]["health"] == "fail"
    assert "libnone.so" in found["blender"]["found"]


def test_a_gpu_asked_for_and_not_shown():
    arguments = ("--device", "cuda")
    assert examine(*arguments, check=69, CUDA_VISIBLE_DEVICES="")["device"]["health"] == "fail"
    done = run_worker("warm", *arguments, check=69, CUDA_VISIBLE_DEVICES="")
    assert "no GPU here" in done.stderr


def test_a_gpu_shown_that_blender_does_not_find():
    done = run_worker("doctor", "--json", "--device", "auto", CUDA_VISIBLE_DEVICES="7")
    checks = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "device"]
    told = [(one["facts"]["kind"], one["health"]) for one in checks]
    assert told == [("optix", "warn"), ("cuda", "warn"), ("cpu", "ok")]


GPU_1_BROKEN = "export BROKEN_GPU=1"
TWO_GPUS = {"CUDA_VISIBLE_DEVICES": "0,1"}


@pytest.mark.parametrize("choice", ["auto", "cuda"])
def test_one_gpu_of_a_kind_that_a_run_takes_is_broken(choice, tmp_path):
    """A run starts children on all of them, so it would end."""
    blender = program(tmp_path / "blender", GPU_1_BROKEN, FAKE_GPUS)
    asked = ("--device", choice, "--blender", blender)
    done = run_worker("doctor", "--json", *asked, check=69, **TWO_GPUS)
    checks = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "device"]
    told = [(one["facts"]["kind"], one["facts"]["visible"], one["health"]) for one in checks]
    assert (
        told
        == {
            "cuda": [("cuda", "0", "ok"), ("cuda", "1", "fail")],
            "auto": [
                ("optix", "0", "ok"),
                ("optix", "1", "fail"),
                ("cuda", "0", "ok"),
                ("cuda", "1", "warn"),
                ("cpu", None, "ok"),
            ],
        }[choice]
    )
    assert f"{told[0][0]} 1: Blender finds no" in checks[1]["found"]


def test_a_first_gpu_that_is_broken_passes_the_kind_over(tmp_path):
    blender = program(tmp_path / "blender", "export BROKEN_GPU=0", FAKE_GPUS)
    done = run_worker("doctor", "--json", "--blender", blender, **TWO_GPUS)
    checks = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "device"]
    assert [one["health"] for one in checks] == ["warn", "ok", "warn", "ok", "ok"]


def test_warm_does_not_pass_over_a_kind_that_a_run_takes(tmp_path):
    blender = program(tmp_path / "blender", GPU_1_BROKEN, FAKE_GPUS)
    done = run_worker("warm", "--blender", blender, check=69, **TWO_GPUS)
    assert "optix 1: Blender finds no optix device here" in done.stderr


def test_a_run_names_the_gpu_that_is_missing(tmp_path):
    blender = program(tmp_path / "blender", GPU_1_BROKEN, FAKE_GPUS)
    models = crash.cubes(tmp_path / "models", 6)
    done = run_worker(
        "run", models, "--output", tmp_path / "out", *crash.TINY, "--device", "cuda",
        "--blender", blender, check=69, **TWO_GPUS,
    )  # fmt: skip
    assert "cuda 1: Blender finds no cuda device here" in done.stderr.splitlines()[-1]


def test_on_a_cpu_there_is_nothing_to_warm():
    assert "nothing to warm" in run_worker("warm", "--device", "cpu").stdout


class _AnotherTime(BaseHTTPRequestHandler):
    """Refuses everything, and believes that it is 20 minutes earlier."""

    def do_GET(self) -> None:
        self.send_response_only(403)
        self.send_header("Date", formatdate(time() - 1200, usegmt=True))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_PUT = do_GET  # noqa: N815 - names that http.server calls

    def log_message(self, *_: object) -> None:
        pass


def test_a_store_that_refuses_still_tells_the_time():
    with ThreadingHTTPServer(("127.0.0.1", 0), _AnotherTime) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        found = examine("--output", "s3://out", "--s3-endpoint", endpoint, check=69, **KEYS)
        server.shutdown()
    assert found["store"]["health"] == "fail"
    assert "denied" in found["store"]["found"]
    assert found["clock"]["health"] == "fail"
    assert 900 < found["clock"]["facts"]["skew_s"] < 1202
