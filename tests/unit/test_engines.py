"""The engines of a recipe: what each has, and that Cycles' recipes are what they were."""

import hashlib
import json

import pytest

from worker import presets
from worker.contract.engines import CYCLES, ENGINES, IMAGES_BY_RASTERISER, RASTERISERS, grid
from worker.contract.recipe import IMAGES, Cycles, to_dict
from worker.presets import engine_rules

WORKBENCH = ("engine=workbench", "lights.rig=none", "subject.backfaces=shown")


def test_each_engine_has_its_rows():
    assert {CYCLES, *RASTERISERS} == set(ENGINES)
    assert set(IMAGES_BY_RASTERISER) == set(engine_rules.ONLY) == set(RASTERISERS)
    assert all(set(kinds) < set(IMAGES) for kinds in IMAGES_BY_RASTERISER.values())


def test_the_digest_of_a_recipe_of_cycles_is_that_of_before_there_were_others():
    recipe = presets.load("objaverse-xl")
    values = {k: v for k, v in to_dict(recipe).items() if k not in {"summary", "follows", "engine"}}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    assert presets.digest(recipe) == hashlib.sha256(text.encode()).hexdigest()
    assert presets.digest(recipe) == presets.digest(presets.load("objaverse-xl", ["engine=cycles"]))


def test_another_engine_is_another_recipe():
    plain = presets.load("default", ["engine=eevee"])
    assert presets.digest(plain) != presets.digest(presets.load("default"))
    assert plain.overrides == ('engine="eevee"',)


def test_a_layer_that_names_another_engine_drops_the_settings_of_cycles(tmp_path):
    assert presets.load("objaverse-xl").cycles.denoise
    assert presets.load("objaverse-xl", ["engine=eevee"]).cycles == Cycles()
    file = tmp_path / "mine.toml"
    file.write_text('extends = "objaverse-xl"\nengine = "eevee"\nsamples = 8\n')
    found = presets.load(str(file))
    assert (found.engine, found.samples, found.cycles) == ("eevee", 8, Cycles())


def test_the_preset_of_eevee_is_objaverse_xl_but_for_the_engine():
    here, plain = (to_dict(presets.load(n)) for n in ("objaverse-xl-eevee", "objaverse-xl"))
    other = {key for key in here if here[key] != plain[key]}
    assert other == {"name", "seed_name", "summary", "follows", "engine", "samples", "cycles"}


def test_workbench_with_what_it_has():
    assert presets.load("default", WORKBENCH).engine == "workbench"


@pytest.mark.parametrize("arguments", [["engine=eevee"], WORKBENCH])
def test_a_recipe_that_is_shown_can_be_loaded(tmp_path, arguments):
    recipe = presets.load("default", arguments)
    file = tmp_path / "shown.toml"
    file.write_text(presets.to_toml(recipe))
    assert "[cycles]" not in file.read_text()
    assert presets.digest(presets.load(str(file))) == presets.digest(recipe)


@pytest.mark.parametrize(("samples", "side"), [(1, 1), (3, 1), (4, 2), (8, 2), (9, 3), (192, 8)])
def test_workbench_takes_a_square_of_samples(samples, side):
    assert grid(samples) == side
