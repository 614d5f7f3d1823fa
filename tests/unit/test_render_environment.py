"""A child that runs untrusted files sees no credentials."""

from __future__ import annotations

from pathlib import Path

from worker.supervisor.environment import PACKAGES, child_environment


def test_only_allowed_variables_pass():
    outer = {
        "PATH": "/bin",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "HF_TOKEN": "t",
        "RENDER_WORKER_OUTPUT": "s3://b",
        "SLURM_PROCID": "3",
        "CUDA_VISIBLE_DEVICES": "1",
        "HOME": "/home/someone",
    }
    inner = child_environment(outer, Path("/scratch/child"), wheel=True)
    assert inner["PATH"] == "/bin"
    assert inner["CUDA_VISIBLE_DEVICES"] == "1"
    assert inner["HOME"] == inner["TMPDIR"] == "/scratch/child"
    assert inner["CUDA_CACHE_PATH"] == "/home/someone/.nv/ComputeCache"
    assert not {name for name in inner if name.startswith(("AWS", "HF", "RENDER", "SLURM"))}


def test_only_this_python_searches_its_packages():
    home = Path("/scratch/child")
    outer = {"PYTHONPATH": "/somewhere", "PATH": "/bin"}
    assert child_environment(outer, home, wheel=True)["PYTHONPATH"] == str(PACKAGES)
    assert "PYTHONPATH" not in child_environment(outer, home, wheel=False)
