"""A run on a CPU by several Blender processes, against one with all cores."""

from __future__ import annotations

import pytest

from tests.command_line import listing, log_lines, run_worker
from worker import presets
from worker.supervisor import canary, shares
from worker.supervisor.shares import Asked, Work

OBJECTS = 4
SETTINGS = ("--set", "views=2", "--set", "resolution=64", "--set", "samples=32")
"""With adaptive sampling, as the preset `default` has it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    models = tmp_path_factory.mktemp("models")
    for number in range(OBJECTS):
        stretched = canary.CUBE.replace("v 1", f"v {number + 1}")
        (models / f"cube-{number}.obj").write_text(stretched)
    return models


def test_any_number_of_children_makes_the_same_zips(folder, tmp_path):
    """The numbers of children that one core a child, two children and one child give."""
    made = {}
    for children in (0, 1, 2):
        output = tmp_path / str(children)
        done = run_worker(
            "run", folder, "--output", output, "--device", "cpu", *SETTINGS, "--log-level", "info",
            "--children-per-device", children,
        )  # fmt: skip
        (ready,) = (line for line in log_lines(done) if line["event"] == "blender ready")
        made[ready["children"]] = listing(output)
    recipe = presets.load("default", SETTINGS[1::2])
    assert {1, 2, shares.per_device("cpu", Asked(), Work(OBJECTS, recipe))} == set(made)
    assert len(made[1]) >= OBJECTS
    assert all(zips == made[1] for zips in made.values())
