"""A signal while modules are imported ends the command with its status, and prints nothing."""

from __future__ import annotations

import pytest

from tests.command_line import run_worker

PROGRAM = """
import os, signal, sys

class Signals:
    def find_spec(self, name, path=None, target=None):
        if name == MODULE:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), getattr(signal, SIGNAL))

SIGNAL, MODULE = sys.argv.pop(1), sys.argv.pop(1)
sys.meta_path.insert(0, Signals())"""


MODULES = ["asyncio.events", "tenacity.asyncio.retry", "worker.run.command"]


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("module", MODULES)
def test_a_signal_amid_an_import(tmp_path, signal, module):
    done = run_worker(
        signal, module, "run", tmp_path, "--output", tmp_path / "out", first=PROGRAM, check=75
    )
    assert (done.stdout, done.stderr) == ("", "")
