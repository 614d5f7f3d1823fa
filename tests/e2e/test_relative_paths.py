"""Paths are meant from where the worker was started, though its children work elsewhere."""

from __future__ import annotations

import pytest

from tests.command_line import run_worker
from tests.e2e import crash
from tests.tools.programs import program


@pytest.mark.parametrize("blender", ["bpy", "./myblender", "bin/myblender"])
def test_every_path_may_be_relative(blender, tmp_path):
    crash.cubes(tmp_path / "models", 1)
    (tmp_path / "bin").mkdir()
    for folder in (tmp_path, tmp_path / "bin"):
        program(folder / "myblender")
    run_worker(
        "run", "models", "--output", "out", "--scratch", "sc", "--keep-downloads", "kept",
        "--blender", blender, *crash.TINY, where=tmp_path,
    )  # fmt: skip
    assert len(list((tmp_path / "out" / "renders").glob("*.zip"))) == 1
    assert not list((tmp_path / "sc").iterdir())


def test_a_program_that_cannot_be_run_is_one_line(tmp_path):
    (tmp_path / "myblender").write_bytes(b"\x7fELF is no program")
    (tmp_path / "myblender").chmod(0o755)
    crash.cubes(tmp_path / "models", 1)
    done = run_worker(
        "run", "models", "--output", "out", "--blender", "./myblender", *crash.TINY,
        where=tmp_path, check=69,
    )  # fmt: skip
    (said,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert f"{tmp_path}/myblender cannot be run: Exec format error" in said
    assert "Traceback" not in done.stderr
