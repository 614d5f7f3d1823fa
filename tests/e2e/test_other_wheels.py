"""A worker that pip has installed beside another Blender's wheel, as a user has it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests import blenders
from tests.blenders import REPOSITORY
from tests.command_line import SMALL, environment, log_lines
from tests.patience import HANG_S
from worker.core import keys

PRESETS = ("default", "gpt4point", "omage")
"""Colours; passes that materials write, and indices; bakes."""


@pytest.fixture(
    scope="module",
    params=[each for each in blenders.parameters() if blenders.BLENDERS[each.id].variable],
)
def blender(request):
    return request.param


@pytest.fixture(scope="module")
def models(samples, tmp_path_factory):
    """The samples, and one model of Collada."""
    folder = tmp_path_factory.mktemp("models")
    for path in samples.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    made = tmp_path_factory.mktemp("formats")
    script = REPOSITORY / "tests/integration/blender/make_formats.py"
    blenders.make("bpy", script, made)
    (folder / "cube.dae").write_bytes((made / "cube.dae").read_bytes())
    return folder


def outcomes(output: Path) -> dict[str, dict]:
    lines = [
        json.loads(line)
        for part in sorted((output / keys.LEDGER).rglob("*.jsonl"))
        for line in part.read_text().splitlines()
    ]
    return {each["file_identifier"]: each for each in lines}


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_it_renders_every_sample(blender, models, tmp_path, preset):
    program = Path(blenders.python_of(blender)).with_name("render-worker")
    small = SMALL if preset != "omage" else ("--set", "resolution=64")
    arguments = ["run", models, "--output", "out", "--preset", preset, "--device", "cpu", *small]
    lacking = sorted(blenders.BLENDERS[blender].lacks)
    done = subprocess.run(
        list(map(str, [program, *arguments])), cwd=tmp_path, env=environment(),
        capture_output=True, text=True, timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = [line for line in log_lines(done) if "formats" in line]
    assert [line["formats"] for line in told] == ([lacking] if lacking else [])
    assert all("bpy 4.5" in line["advice"] for line in told)
    found = outcomes(tmp_path / "out")
    failed = {name: each for name, each in found.items() if each["outcome"] != "rendered"}
    assert len(found) == 8
    assert [Path(name).suffix[1:] for name in failed] == lacking
    assert {each["code"] for each in failed.values()} <= {"unsupported"}
    about = json.loads((tmp_path / "out/job.json").read_text())
    assert blenders.BLENDERS[blender].version in json.dumps(about)
