"""The command on an object's page, typed as it is shown, renders the same bytes again."""

from __future__ import annotations

import shlex
import subprocess
import sys

from tests.command_line import ROOT, SMALL, environment, run_worker
from tests.patience import HANG_S
from worker.core import gallery_keys, keys
from worker.report.site import data

UID = keys.uid_of("crate.obj")


def test_the_command_of_a_page_renders_the_same_zip(samples, tmp_path):
    run_worker("run", samples, "--only", "crate.obj", "--output", tmp_path / "out",
               "--device", "cpu", *SMALL)  # fmt: skip
    run_worker("gallery", "--output", tmp_path / "out", "--to", tmp_path / "site")
    details = data.document((tmp_path / "site" / gallery_keys.site_details(0)).read_bytes())
    command = details[UID]["command"]
    words = shlex.split(command)
    assert words[:3] == ["render-worker", "run", "INDEX"]
    typed = command.replace("render-worker", f"{shlex.quote(sys.executable)} -m worker", 1).replace(
        "INDEX", "$INDEX", 1
    )
    done = subprocess.run(
        ["bash", "-c", typed], cwd=tmp_path, check=False, capture_output=True, text=True,
        env=environment(INDEX=str(samples), PYTHONPATH=str(ROOT)), timeout=HANG_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, again = (tmp_path / name / keys.render_zip(UID) for name in ("out", "again"))
    assert again.read_bytes() == first.read_bytes()
