"""The images at work: no root, nothing writable but the volumes, no capabilities."""

from __future__ import annotations

import io
import json
import os
import zipfile
from uuid import uuid4

import boto3
import pytest

from tests.cluster import held
from tests.cluster.image.options import DENOISED, HARDENED, SMALL
from tests.command_line import listing
from tests.patience import HANG_S, until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]

MANY = (*SMALL, "--set", "views=12", "--grace", "1")


def render(podman, image, samples, output, *options):
    return podman(
        "run", *HARDENED, "--network", "none",
        "--volume", f"{samples}:/samples:ro", "--volume", f"{output}:/out",
        image, "run", "/samples", "--output", "/out", *options,
    )  # fmt: skip


def outcomes(output) -> dict[str, dict]:
    """The ledger's last line by file."""
    parts = sorted(output.glob("ledger/*/*.jsonl"))
    lines = [json.loads(line) for part in parts for line in part.open()]
    return {line["file_identifier"]: line for line in lines}


def test_without_arguments_it_shows_the_help(podman, image):
    done = podman("run", *HARDENED, "--network", "none", image)
    assert "Usage: render-worker" in done.stdout
    assert "run" in done.stdout


def test_warm_is_harmless_without_a_gpu(podman, image):
    done = podman("run", *HARDENED, "--network", "none", image, "warm")
    assert "there is nothing to warm" in done.stdout
    asked = ("run", *HARDENED, "--network", "none", image, "warm", "--device", "optix")
    assert "there is no GPU here" in podman(*asked, check=69).stderr


def test_an_exit_status_comes_through(podman, image):
    done = podman("run", *HARDENED, "--network", "none", image, "run", check=64)
    assert "index" in done.stderr.lower()


def test_bpy_is_trimmed_of_nothing_that_matters(
    podman, bpy_image, readable_samples, outside, output
):
    """Every sample format, byte for byte what the whole wheel makes of it."""
    render(podman, bpy_image, readable_samples, output, *SMALL)
    assert len(list(output.glob("renders/*.zip"))) >= 6
    assert listing(output) == listing(outside[SMALL])


def test_bpy_still_denoises(podman, bpy_image, readable_samples, outside, output):
    render(podman, bpy_image, readable_samples, output, *DENOISED)
    assert listing(output) == listing(outside[DENOISED])


def test_a_blender_program_renders(podman, program_image, readable_samples, output):
    render(podman, program_image, readable_samples, output, *SMALL, "--max-failure-rate", "1")
    rendered = {
        name.rpartition(".")[2] for name, line in outcomes(output).items()
        if line["outcome"] == "rendered"
    }  # fmt: skip
    assert {"obj", "stl", "ply"} <= rendered
    assert len(list(output.glob("renders/*.zip"))) == sum(
        line["outcome"] == "rendered" for line in outcomes(output).values()
    )


def test_the_newest_wheel_renders_all_but_collada(
    podman, newest_image, readable_samples, output, outside
):
    done = render(podman, newest_image, readable_samples, output, *DENOISED)
    assert "no denoiser" not in done.stderr
    (lacking,) = (line for line in map(json.loads, done.stderr.splitlines()) if "formats" in line)
    assert lacking["formats"] == ["dae"]
    found = outcomes(output)
    failed = {name: each["code"] for name, each in found.items() if each["outcome"] != "rendered"}
    assert failed == {"cone.dae": "unsupported"}
    names = {path.name for path in output.glob("renders/*.zip")}
    assert names < {path.name for path in outside[DENOISED].glob("renders/*.zip")}
    # Repaired, as only Blender's own USD can.
    assert "maps/cube.png" in json.dumps(facts(output, found["package.usdz"]["uid"])["found_files"])


def facts(output, uid) -> dict:
    with zipfile.ZipFile(output / f"renders/{uid}.zip") as archive:
        return json.loads(archive.read(f"{uid}/metadata.json"))


@pytest.mark.skipif(os.cpu_count() == 1, reason="one core has no part")
def test_a_quota_names_no_cores_so_blender_is_not_pinned(podman, bpy_image, readable_samples):
    """A Blender with one thread that is not pinned would burn another core in the kernel."""
    done = podman(
        "run", *HARDENED, "--network", "none", "--cpus", "0.9",
        "--volume", f"{readable_samples}:/samples:ro", "--tmpfs", "/out:mode=1777",
        bpy_image, "run", "/samples", "--output", "/out", "--limit", "1", *SMALL,
    )  # fmt: skip
    (ready,) = (line for line in done.stderr.splitlines() if '"blender ready"' in line)
    said = json.loads(ready)
    assert (said["children"], said["threads"], said["pinned"]) == (1, 2, False)


@pytest.fixture
def bucket(rgw):
    client = boto3.client(
        "s3", endpoint_url=rgw.http, region_name="us-east-1",
        aws_access_key_id=rgw.access_key, aws_secret_access_key=rgw.secret_key,
    )  # fmt: skip
    name = f"image-{uuid4().hex[:8]}"
    client.create_bucket(Bucket=name)
    return client, name


def test_told_to_stop_it_ends_with_75_and_the_next_run_finishes(
    podman, bpy_image, readable_samples, rgw, bucket, holding, outside
):
    client, name = bucket
    container = f"worker-{uuid4().hex[:8]}"
    arguments = (
        *HARDENED, "--network", "host", *held.in_a_container(holding),
        "--volume", f"{readable_samples}:/samples:ro",
        "--env", f"AWS_ACCESS_KEY_ID={rgw.access_key}",
        "--env", f"AWS_SECRET_ACCESS_KEY={rgw.secret_key}",
        "--env", "AWS_DEFAULT_REGION=us-east-1",
        "--env", f"RENDER_WORKER_S3_ENDPOINT={rgw.http}",
        "--env", f"RENDER_WORKER_OUTPUT=s3://{name}/job", bpy_image, "run", "/samples",
        "--children-per-device", "2", *MANY,  # the other one publishes
    )  # fmt: skip

    def keys(prefix: str = "job/") -> list[str]:
        found = client.list_objects_v2(Bucket=name, Prefix=prefix).get("Contents", [])
        return [entry["Key"] for entry in found]

    worker = podman.start("run", "--name", container, *arguments)
    said = ("logs", container)
    until(lambda: keys("job/renders/"), lambda: podman(*said, check=None), while_runs=worker)
    podman("stop", "--time", 300, container)
    out, err = worker.communicate(timeout=HANG_S)
    holding.let_go()
    assert worker.returncode == 75, f"exit {worker.returncode}\n{out}\n{err}"
    stopped = keys("job/renders/")
    assert 0 < len(stopped) < len(list(outside[SMALL].glob("renders/*.zip")))
    assert keys("job/ledger/")

    before = {key: client.head_object(Bucket=name, Key=key)["ETag"] for key in stopped}
    podman("run", *arguments)
    after = keys("job/renders/")
    assert len(after) == len(list(outside[SMALL].glob("renders/*.zip")))
    for key, etag in before.items():
        assert client.head_object(Bucket=name, Key=key)["ETag"] == etag
    for key in after:
        body = client.get_object(Bucket=name, Key=key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.testzip() is None
            assert sum(entry.endswith(".png") for entry in archive.namelist()) == 12


def test_told_to_stop_while_it_starts_it_ends_at_once(
    podman, bpy_image, readable_samples, output, tmp_path
):
    endless = tmp_path / "blender"
    endless.write_text("#!/bin/sh\nexec sleep 100000\n")
    endless.chmod(0o755)
    container = f"worker-{uuid4().hex[:8]}"
    worker = podman.start(
        "run", *HARDENED, "--network", "none", "--name", container,
        "--volume", f"{readable_samples}:/samples:ro", "--volume", f"{output}:/out",
        "--volume", f"{endless}:/blender:ro", bpy_image, "run", "/samples", "--output", "/out",
        "--blender", "/blender", *MANY,
    )  # fmt: skip
    # Before that a shell is process 1, which no TERM ends.
    running = ("top", container, "comm")
    until(lambda: "python" in podman(*running, check=None).stdout, while_runs=worker)
    podman("stop", "--time", int(HANG_S), container)
    _, err = worker.communicate(timeout=HANG_S)
    assert list(output.glob("renders/*")) == []
    # 143: before Python had a handler; 137 would be podman's, when it has waited in vain.
    assert worker.returncode in {75, 143}, err
