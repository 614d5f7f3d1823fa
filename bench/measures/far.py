"""Measures `status` and a grouped export of ten million objects in a store far away."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from bench import sides
from bench.result import BenchError, Row, at_most
from tests.integration.gallery import outputs
from worker.core import keys

NOTE: Final = (
    "An S3 server that answers after 20 ms (`bench/slow_store.py`), with the output of a finished "
    "run: 20,000 shards of 500 objects, three of four begun by a worker that was killed and ended "
    "by another. Each has three ledger parts, those of the worker that ended it joined, and a "
    "summary (`bench/far_ledger.py`). The export has 1,000 ranks and 500 objects a "
    "file; the time of a rank is until its first file is there."
)
SHARDS, PER_SHARD, DELAY_S = 20_000, 500, 0.02
WORLD: Final = 1000
POLL_S: Final = 0.05
ACCOUNT: Final = {
    "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
}  # fmt: skip


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure the first file of a rank, and `status`. Raises: BenchError."""
    shards = SHARDS // 20 if quick else SHARDS
    world = WORLD // 10 if quick else WORLD
    for shard in (0, world - 1):  # with zips, for the first file of the first and the last rank
        # A tenth of them failed, so PER_SHARD are rendered.
        output = outputs.many(scratch / "out", PER_SHARD * 10 // 9, keys.shard_name(shard))
    what = f"{shards * PER_SHARD:,} objects"
    with _server(output, shards) as (place, server):
        first = _first_file(place, scratch / "first", server, 0, world)
        last = _first_file(place, scratch / "last", server, world - 1, world)
        wall_s, cpu_s, peak, counted = _status(place, server)
    return [
        *_file_rows(f"first file of rank 0 of {world:,}, {what}", *first),
        *_file_rows(f"first file of rank {world - 1:,} of {world:,}", *last),
        at_most(f"status over {what}, wall", wall_s, 60, counted, " s"),
        at_most("its processor time", cpu_s, 30, "user and system", " s"),
        at_most("its memory", peak, 500, "peak resident", " MB"),
    ]  # fmt: skip


def _file_rows(what: str, first_s: float, memory: float, asked: str) -> list[Row]:
    return [
        at_most(what, first_s, 30, f"webdataset; until then {asked}", " s"),
        at_most("its memory", memory, 500, "peak resident", " MB"),
    ]


class _Server:
    """The server's process."""

    def __init__(self, process: subprocess.Popen[str], sent: IO[str], read: IO[str]) -> None:
        self.process = process
        self._sent, self._read = sent, read

    def requests(self) -> str:
        """What it was asked since the last call."""
        self._sent.write("\n")
        self._sent.flush()
        return self._read.readline().strip()


@contextlib.contextmanager
def _server(output: Path, shards: int) -> Iterator[tuple[list[str], _Server]]:
    """A server of `output` and `shards` more; yields options that name it."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.slow_store", str(output), str(shards), str(PER_SHARD),
         str(DELAY_S)],
        cwd=sides.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None  # noqa: S101 - a PIPE was asked for
        assert process.stdout is not None  # noqa: S101
        port = int(process.stdout.readline())
        try:
            yield (
                ["s3://bench", "--s3-endpoint", f"http://127.0.0.1:{port}"],
                _Server(process, process.stdin, process.stdout),
            )
        finally:
            process.kill()


def _first_file(
    place: list[str], target: Path, server: _Server, rank: int, world: int
) -> tuple[float, float, str]:
    """Seconds to a rank's first file, its memory in MB, and its requests."""
    server.requests()
    begin = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "worker", "export", "webdataset", "--input", *place, "--to",
         str(target), "--rank", str(rank), "--world-size", str(world), "--group-objects",
         str(PER_SHARD), "--group-mb", "1024"],
        cwd=sides.ROOT, env={**sides.environment(), **ACCOUNT}, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            while not (target / keys.tar_file(keys.group_name(rank))).exists():
                if process.poll() is not None:
                    raise BenchError(f"the export ended with {process.returncode}")
                time.sleep(POLL_S)
            took = time.monotonic() - begin
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
            return took, int(peak.split()[1]) / 1000, server.requests()
        finally:
            process.kill()


def _status(place: list[str], server: _Server) -> tuple[float, float, float, str]:
    """Wall and processor seconds, memory in MB, and requests of `status`."""
    server.requests()
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "worker", "status", "--output", *place, "--json"],
        cwd=sides.ROOT, env={**sides.environment(), **ACCOUNT}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101 - a PIPE was asked for
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BenchError(f"status ended with {process.returncode}")
    rendered = json.loads(said)["outcomes"]["rendered"]
    return (
        time.monotonic() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000,
        f"{rendered:,} rendered; {server.requests()}",
    )  # fmt: skip
