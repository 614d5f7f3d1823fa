"""What the crash, chaos and signal tests ask of an output, a scratch folder and the machine."""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.command_line import ASIDE, ROOT, command, environment
from tests.patience import HANG_S
from worker.core import keys
from worker.ledger import Outcome, fold, read_shards
from worker.stores import Store, open_store
from worker.supervisor import canary

LAST_WORDS = f"from worker.run import shutdown; shutdown.LAST_S = {HANG_S}"
"""For a worker that must not leave over a slow disk's fsync: see `command`."""
PATIENT_OPTIONS = ("--view-timeout", 2 * HANG_S, "--object-timeout", 2 * HANG_S)
"""For a worker whose Blender is to wait for the test."""
IN_ORDER = ("--download-workers", 1, "--children-per-device", 1)
"""Objects are rendered in the list's order."""
MANY_TIMES = re.compile(rf"/\.probe-|/{keys.BEGUN}")
"""Keys that are written more than once."""
TINY = ("--device", "cpu", "--set", "views=1", "--set", "resolution=16", "--set", "samples=1")


def cubes(folder: Path, count: int) -> Path:
    """A folder of `count` small models, no two alike."""
    folder.mkdir(parents=True)
    for number in range(count):
        scaled = [
            line + f" {1 + number / 8}" if line.startswith("v ") else line
            for line in canary.CUBE.splitlines()
        ]
        (folder / f"cube-{number:03d}.obj").write_text("\n".join(scaled) + "\n")
    return folder


def stored(store: Store) -> dict[str, str]:
    """sha256 by key of what must be the same every time: all but ledger, notes and summaries."""
    return {
        entry.key: hashlib.sha256(store.read(entry.key) or b"").hexdigest()
        for entry in store.list()
        if not entry.key.startswith(ASIDE)
    }


def folded(store: Store) -> dict[str, tuple[str, str | None, str | None]]:
    """Outcome, failure code and zip's digest by uid, as the whole ledger says."""
    outcomes: dict[str, Outcome] = {}
    for _, parts in read_shards(store, Outcome):
        for lines in parts:
            fold(outcomes, lines)
    return {uid: (line.outcome, line.code, line.sha256) for uid, line in outcomes.items()}


def check_whole(key: str, body: bytes) -> None:
    """A zip that can be seen is whole: it opens, and every member has its CRC."""
    if key.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            assert archive.testzip() is None, key
            assert keys.METADATA in {Path(name).name for name in archive.namelist()}


def check_promises(output: str | Path, undisturbed: dict[str, str]) -> None:
    """What holds at any moment, whatever was killed: a part of the right keys, each one right;
    and no ledger line without its zip.
    """
    store = open_store(str(output))
    recorded = folded(store)  # first: a worker that lives may publish and record in between
    now = stored(store)
    assert now.items() <= undisturbed.items()
    for uid, (outcome, _, sha256) in recorded.items():
        if outcome == "rendered":
            assert now[keys.render_zip(uid)] == sha256


def age_unnamed(scratch: Path) -> None:
    """A folder killed before it was locked is told from one being made by its age alone."""
    for folder in scratch.glob(".*"):
        long_ago = time.time() - 24 * 3600
        os.utime(folder, (long_ago, long_ago))


@contextmanager
def worker(
    *arguments: object, log: Path | None = None, first: str = "", **variables: str
) -> Iterator[subprocess.Popen]:
    """A worker that runs beside the test and is gone at the end. `first`: see `command`."""
    with (log or Path(os.devnull)).open("w") as said:
        process = subprocess.Popen(
            command("run", *arguments, first=first), env=environment(**variables), cwd=ROOT,
            stdout=said, stderr=said,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
