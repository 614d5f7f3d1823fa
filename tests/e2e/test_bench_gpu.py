"""bench/gpu.sh goes through all of its steps on the CPU, so it works where a GPU is at hand."""

from __future__ import annotations

import itertools
import shutil
import subprocess

import pytest

from bench.measures import gpu
from tests.command_line import ROOT, environment
from tests.patience import HANG_S

STORED = (ROOT / "bench/results.json", ROOT / "docs/performance.md")


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", ROOT / "bench/gpu.sh", *options], env=environment(), cwd="/", check=False,
        capture_output=True, text=True, timeout=3 * HANG_S,  # of nine commands
    )  # fmt: skip


def test_each_step_works_and_nothing_is_stored():
    before = [path.read_bytes() for path in STORED]
    done = run("--cpu")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ready to render" in done.stdout
    rows = [line.strip() for line in done.stderr.splitlines() if line.startswith("  ")]
    kernels = [f"cpu: `render-worker warm`, caches {state}: " for state in ("cold", "warm")]
    made = [
        f"cpu: `{preset}`, {children} {'child' if children == 1 else 'children'} per GPU: "
        for preset, children in itertools.product(gpu.PRESETS, gpu.CHILDREN)
    ]
    assert len(rows) == len(kernels) + len(made)
    for row, begins in zip(rows, [*kernels, *made], strict=True):
        assert row.startswith(begins)
    assert all("objects per hour on 1 GPU" in row for row in rows[2:])
    assert [path.read_bytes() for path in STORED] == before


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="there may be a GPU")
def test_without_a_gpu_it_says_so():
    done = run()
    assert done.returncode == 69
    assert "nvidia-smi finds no GPU" in done.stderr
