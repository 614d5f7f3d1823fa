"""All cases rendered in one run of the program, for each Blender that is here."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import blenders
from tests.blenders import REPOSITORY
from tests.patience import HANG_S
from tests.proof_helpers import Studio
from tests.truth import RANDOM_SCENES, cube
from tests.truth.cases import CASES
from tests.truth.cases.case import write
from tests.truth.look import RECIPE, Look
from worker.core import keys

BLENDS = REPOSITORY / "tests/truth/blends.py"
SCENES = REPOSITORY / "tests/truth/random_scenes.py"


@dataclasses.dataclass(frozen=True)
class Run:
    """An output, and the last outcome of each object."""

    blender: str
    output: Path
    outcomes: dict[str, dict[str, Any]]

    def look(self, identifier: str) -> Look:
        uid = keys.uid_of(identifier)
        return Look.opened(self.output / keys.render_zip(uid), uid)


@pytest.fixture(scope="session", params=blenders.parameters())
def rendered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The outcomes of all cases."""
    home = tmp_path_factory.mktemp(f"truth-{request.param}")
    root = home / "in"
    root.mkdir()
    blenders.make(request.param, BLENDS, root)
    for case in CASES:
        write(case, root / case.name)
    (home / "outside").mkdir()
    for stray in (home / "outside.png", home / "outside/away.png"):
        stray.write_bytes(cube.picture())
    return run(request.param, root, home)


@pytest.fixture(scope="session", params=blenders.parameters())
def studio(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A pool of one child, and a folder of random scenes."""
    made = Studio(request.param, tmp_path_factory.mktemp(f"studio-{request.param}"))
    scenes = made.folder / "scenes"
    scenes.mkdir()
    blenders.make(request.param, SCENES, scenes, RANDOM_SCENES)
    yield made
    made.close()


def run(blender: str, root: Path, home: Path) -> Run:
    """Render all that lies in `root` with the recipe of `look`."""
    preset, output = home / "look.toml", home / "out"
    lines = [f"{key} = {json.dumps(value)}" for key, value in RECIPE.items() if key != "camera"]
    lines += [
        "[camera]",
        *(f"{key} = {json.dumps(value)}" for key, value in RECIPE["camera"].items()),
    ]
    preset.write_text("\n".join([*lines, ""]))
    worker, choice = blenders.worker_of(blender)
    done = subprocess.run(
        [
            *worker, "run", root, "--output", output, "--preset", preset,
            "--device", "cpu", "--max-failure-rate", "1", "--blender", choice,
        ],
        check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=HANG_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    outcomes = {}
    for part in sorted((output / "ledger").rglob("*.jsonl")):
        for line in part.read_text().splitlines():
            outcome = json.loads(line)
            outcomes[outcome["file_identifier"]] = outcome
    return Run(blender, output, outcomes)
