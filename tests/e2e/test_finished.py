"""A second run over a finished output: nothing is started that it does not need."""

from __future__ import annotations

import shlex

from tests.command_line import log_lines, run_worker
from tests.e2e import crash
from worker.core import keys


def test_blender_starts_only_if_an_object_is_open(tmp_path):
    models, output = crash.cubes(tmp_path / "models", 2), tmp_path / "out"
    run_worker("run", models, "--output", output, *crash.TINY)
    started, blender = tmp_path / "started", tmp_path / "blender"
    blender.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(started))}\nexit 3\n")
    blender.chmod(0o755)
    # A sandbox would let that program write nothing.
    again = ("run", models, "--output", output, "--blender", blender, "--sandbox", "off",
             *crash.TINY)  # fmt: skip
    done = run_worker(*again)
    assert not started.exists()
    (last,) = [line for line in log_lines(done) if line["event"] == "done"]
    assert (last["rendered"], last["settled_earlier"]) == (0, 2)
    # The same program is started for an object whose zip has disappeared.
    (output / keys.render_zip(keys.uid_of("cube-001.obj"))).unlink()
    run_worker(*again, "--retry", "lost", check=69)
    assert started.exists()
