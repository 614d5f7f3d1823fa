"""docs/cameras.md: its examples are presets that load."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from worker import presets

TEXT = (Path(__file__).parents[2] / "docs/cameras.md").read_text()
EXAMPLES = [textwrap.dedent(text) for text in re.findall(r"(?:(?:    .*)?\n)+", TEXT)]
TOML = [text for text in EXAMPLES if "[camera]" in text]


@pytest.mark.parametrize(("number", "views"), [(0, 4), (1, 2)])
def test_an_example_of_a_preset_loads(tmp_path, number, views):
    np.save(tmp_path / "poses.npy", np.stack([np.eye(4)] * 2))
    text = TOML[number].replace('extends = "default"', "")
    (tmp_path / "mine.toml").write_text('extends = "default"\n' + text)
    recipe = presets.load(str(tmp_path / "mine.toml"))
    assert (recipe.name, recipe.views) == ("mine", views)


def test_every_key_in_it_is_a_key_of_a_recipe():
    keys = {key.path for key in presets.keys_of(presets.load("default"))}
    named = set(re.findall(r"`((?:camera|lights|colour)\.\w+)", TEXT))
    assert named <= keys
    assert len(named) > 3
