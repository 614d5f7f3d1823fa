"""A person is told of every missing system library at once, with the command that installs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from worker.supervisor import libraries

SCRIPT = Path(libraries.__file__)


def test_all_that_is_missing_is_named_with_the_command(monkeypatch):
    absent = {"libno-such-1.so.1": "libno-such-1", "libno-such-2.so.2": "libno-such-2"}
    monkeypatch.setattr(libraries, "LIBRARIES", {**absent, "libc.so.6": "libc6"})
    assert libraries.missing() == ["libno-such-1", "libno-such-2"]
    line = libraries.advice(libraries.missing())
    assert "apt-get install -y --no-install-recommends libno-such-1 libno-such-2" in line
    assert "libc6" not in line


def test_it_runs_with_a_bare_python_and_nothing_of_the_project():
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), "--packages"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == list(libraries.LIBRARIES.values())
