"""The scratch folder is private, cleaned, and cleaned after a killed worker too."""

from __future__ import annotations

import subprocess
import sys

import pytest

from worker.core.errors import NodeError
from worker.core.scratch import scratch

HOLD = """
import sys
from pathlib import Path
from worker.core.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "raw.exr").write_bytes(b"x")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_is_removed_at_the_end(tmp_path):
    with scratch(tmp_path) as folder:
        (folder / "deep" / "er").mkdir(parents=True)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_workers_folder_is_removed_and_a_living_ones_is_not(tmp_path):
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    try:
        folders = [worker.stdout.readline().decode().strip() for worker in workers]
        workers[0].kill()
        workers[0].wait()
        with scratch(tmp_path) as mine:
            left = {str(path) for path in tmp_path.iterdir()}
        assert left == {folders[1], str(mine)}
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            worker.stdin.close()
            worker.stdout.close()


def test_a_folder_that_cannot_be_made_is_the_nodes_fault(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(NodeError, match="--scratch"), scratch(file / "below"):
        pass
