"""For all tests. Property tests have no deadline: how busy a machine is says nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.command_line import ROOT
from tests.patience import HANG_S

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(scope="session")
def nobody() -> Iterator[str]:
    """HOST:PORT where nobody listens, and nobody else can meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*held.getsockname())


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> Path:
    """The project's own sample objects."""
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run(
        [sys.executable, "-m", "tests.sample_models", str(folder)],
        check=True,
        capture_output=True,
        cwd=ROOT,
        timeout=HANG_S,
    )
    return folder
