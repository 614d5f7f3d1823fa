"""The shell scripts, read by shellcheck."""

from __future__ import annotations

import subprocess

import pytest

from tests.cluster import needs
from tests.command_line import ROOT

pytestmark = pytest.mark.cluster
SCRIPTS = (
    "entrypoint.sh", ".ci/run", "slurm/submit.sh", "slurm/render.sbatch",
    "slurm/render-array.sbatch", "slurm/step.sh", "tests/cluster/tools/slurm.sh",
    "tests/cluster/tools/kustomize.sh", "bench/gpu.sh", "launchers/mpirun.sh",
    "launchers/parallel.sh", "launchers/pbs.sh", "launchers/lsf.sh", "launchers/sge.sh",
)  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_shellcheck_has_nothing_to_say(script):
    needs.programs("shellcheck", ["shellcheck"], "apt-get install -y shellcheck")
    done = subprocess.run(
        ["shellcheck", "--external-sources", script],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
