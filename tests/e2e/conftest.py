"""The program as a user runs it: real processes, real Blender, small renders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command_line import SMALL, run_worker


@pytest.fixture(scope="session")
def undisturbed(samples, tmp_path_factory) -> Path:
    """The output of one worker that nobody disturbed."""
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    run_worker("run", samples, "--output", output, "--device", "cpu", *SMALL)
    return output


@pytest.fixture
def own_samples(samples, tmp_path) -> Path:
    """A copy of the samples that a test may change."""
    return Path(shutil.copytree(samples, tmp_path / "samples"))
