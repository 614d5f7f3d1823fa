"""Measures the index and the ledger of ten million objects, and store requests per object."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

import msgspec

from bench import sides
from bench.result import BenchError, Row, at_most
from worker.core import keys
from worker.index import manifest as index_manifest
from worker.index.record import Shard
from worker.ledger import Outcome
from worker.manifests import OutputManifest
from worker.supervisor import canary

NOTE = (
    "A generated index of 10 million objects in 20,000 shards, the ledger of a finished run of it "
    "(complete lines, one part per shard), and a run of 40 cubes against an S3 server that logs "
    "requests."
)
SHARDS, PER_SHARD = 20_000, 500
CUBES = 40
MIXED = 0x9E3779B97F4A7C15
"""An odd factor, so that all hashes differ."""
REQUEST = re.compile(rb'"(?:GET|PUT|HEAD|POST|DELETE) ')
UID = "00000000-0000-0000-0000-000000000000"
PHASH = "feedfacefeedface"


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure time and memory to the first object, requests per object, and time of `status`."""
    shards = SHARDS // 100 if quick else SHARDS
    objects = f"{shards * PER_SHARD:,} objects"
    make_index(scratch / "index", shards)
    first = _first(scratch)
    make_ledger(scratch / "ledger", shards)
    seconds, done = _status(scratch / "ledger")
    if done != shards * PER_SHARD:
        raise BenchError(f"status counted {done} of {shards * PER_SHARD}")
    requests = _requests(scratch)
    lines = f"{shards * PER_SHARD:,} ledger lines"
    return [
        at_most(
            f"first object of {objects} in {shards:,} shards", first["seconds"], 2,
            "from index.json to the first record; its shard has no ledger", " s",
        ),
        at_most(
            "memory for that index", first["bytes"] / 1e6, 150,
            "peak resident, above the program's own", " MB",
        ),
        at_most(
            "store requests per object", requests / CUBES, 3,
            f"{requests} for {CUBES} objects, start-up included",
        ),
        at_most(f"status over {lines}", seconds, 60, "from a folder", " s"),
    ]  # fmt: skip


def make_index(folder: Path, shards: int) -> None:
    """Write an index like one of `render-worker index build`, shard by shard."""
    (folder / keys.SHARDS).mkdir(parents=True)
    made = []
    for number in range(shards):
        name = keys.shard_name(number)
        body = b"".join(
            b'{"fileIdentifier":"https://example.org/%d/model-%d.glb","source":"github",'
            b'"sha256":"%064x"}\n' % (number, item, number * PER_SHARD + item)
            for item in range(PER_SHARD)
        )
        file = keys.shard_file(name)
        (folder / file).write_bytes(body)
        digest = hashlib.sha256(body).hexdigest()
        made.append(Shard(name=name, file=file, objects=PER_SHARD, sha256=digest))
    (folder / keys.INDEX).write_bytes(index_manifest.encode(tuple(made)))


def make_ledger(folder: Path, shards: int) -> None:
    """Write the ledger of a finished run in which one object in a hundred failed."""
    rendered = _line(Outcome(
        uid=UID, outcome="rendered", time="2026-01-01T00:00:00.000Z", shard="000000", views=12,
        file_identifier="https://example.org/0/model-0.glb", sha256="0" * 64, size=1_234_567,
        seconds={"fetch": 0.123, "render": 3.456, "pack": 0.234, "publish": 0.012}, attempt=1,
        worker="r000000-20260101T000000Z-00000000", blender="4.5.15 LTS", device="cpu",
        source="github", license="CC0-1.0", missing_textures=0, coverage_min=0.123456,
        coverage_mean=0.234567, brightness_mean=0.345678, clipped_max=0.0, black_max=0.0,
        blank_views=0, border_views=0, phash=PHASH,
    ))  # fmt: skip
    failed = _line(Outcome(
        uid=UID, outcome="failed", code="import", message="cannot import the .glb: bad header",
        time="2026-01-01T00:00:00.000Z", shard="000000", attempt=1, blender="4.5.15 LTS",
        file_identifier="https://example.org/0/model-0.glb", device="cpu",
        worker="r000000-20260101T000000Z-00000000", seconds={"fetch": 0.123, "render": 0.5},
    ))  # fmt: skip
    for number in range(shards):
        part = folder / keys.ledger_part(keys.shard_name(number), "r000000-w", 0)
        part.parent.mkdir(parents=True)
        first = number * PER_SHARD
        part.write_bytes(b"".join(
            failed % (b"%032x" % item) if item % 100 == 0
            else rendered % (b"%032x" % item, b"%016x" % (item * MIXED % (1 << 64)))
            for item in range(first, first + PER_SHARD)
        ))  # fmt: skip
    manifest = OutputManifest(
        format=keys.JOB_FORMAT, version=1, index="0" * 64, objects=shards * PER_SHARD,
        preset="0" * 64, preset_name="default", recipe={}, worker="0", blender="4.5.15 LTS",
    )  # fmt: skip
    (folder / keys.JOB).write_bytes(msgspec.json.encode(manifest))


def _line(outcome: Outcome) -> bytes:
    """An outcome's line with placeholders for the uid, whose form is not checked, and the hash."""
    line = msgspec.json.encode(outcome).replace(UID.encode(), b"%b")
    return line.replace(PHASH.encode(), b"%b") + b"\n"


def _first(scratch: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.first", str(scratch / "index"), str(scratch / "none")],
        cwd=sides.ROOT, env=sides.environment(), check=True, capture_output=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _status(output: Path) -> tuple[float, int]:
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "worker", "status", "--output", str(output), "--json"],
        cwd=sides.ROOT, env=sides.environment(), check=True, capture_output=True,
    )  # fmt: skip
    return time.monotonic() - begin, json.loads(done.stdout)["done"]


def _requests(scratch: Path) -> int:
    """Number of requests that a run makes, according to the server's log."""
    import boto3

    models = scratch / "cubes"
    models.mkdir()
    for number in range(CUBES):
        (models / f"cube-{number}.obj").write_text(canary.CUBE)
    account = {
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    with _server() as (endpoint, log):
        boto3.session.Session("key", "secret", region_name="us-east-1").client(
            "s3", endpoint_url=endpoint
        ).create_bucket(Bucket="bench")
        before = len(REQUEST.findall(log()))
        subprocess.run(
            [sys.executable, "-m", "worker", "run", str(models), "--output", "s3://bench/out",
             "--s3-endpoint", endpoint, "--device", "cpu", "--set=views=1", "--set=resolution=16",
             "--set=samples=1"],
            cwd=sides.ROOT, env={**sides.environment(), **account}, check=True,
            capture_output=True,
        )  # fmt: skip
        return len(REQUEST.findall(log())) - before


@contextmanager
def _server() -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Start moto's S3 server on a free port; yields its URL and a function that reads its log."""
    with TemporaryFile() as log:
        script = (
            "import sys; from moto.server import ThreadedMotoServer as S; "
            "s = S('127.0.0.1', 0, verbose=False); s.start(); "
            "print(s.get_host_and_port()[1], flush=True); sys.stdin.read(); s.stop()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        ) as server:  # fmt: skip
            assert server.stdout is not None  # noqa: S101 - a PIPE was asked for
            port = int(server.stdout.readline())

            def read() -> bytes:
                return os.pread(log.fileno(), 1 << 26, 0)

            try:
                yield f"http://127.0.0.1:{port}", read
            finally:
                server.terminate()
