"""What a Blender's engines lack ends the run before its first object."""

import pytest

from worker import presets
from worker.contract.protocol import Ready
from worker.core.errors import ConfigurationError
from worker.supervisor import capabilities

EVERY = ["cycles", "eevee", "workbench"]
OLD = Ready(
    blender="3.4.1", formats=["glb"], engines=EVERY, denoisers=[], view_transforms=["standard"],
    exact_depth=["cycles", "workbench"],
)  # fmt: skip


def test_depth_of_16_bits_is_refused_by_name():
    recipe = presets.load("default", ["engine=eevee", 'images=["colour","depth-npy","mask"]'])
    with pytest.raises(ConfigurationError, match=r"has depth-npy, .*3\.4\.1 .*16 bits.*4\.2"):
        capabilities.check(recipe, OLD)


@pytest.mark.parametrize("engine", ["eevee", "cycles"])
def test_what_needs_no_exact_depth_is_not(engine):
    recipe = presets.load("default", [f"engine={engine}", 'images=["colour","mask","normal"]'])
    capabilities.check(recipe, OLD)
    deep = presets.load("default", ['images=["depth"]'])
    capabilities.check(deep, OLD)


def test_a_blender_without_the_engine():
    bare = Ready(
        blender="4.5.0", formats=["glb"], engines=["cycles"], denoisers=[],
        view_transforms=["standard"],
    )  # fmt: skip
    with pytest.raises(ConfigurationError, match=r"'engine' is eevee, which Blender 4\.5\.0 lacks"):
        capabilities.check(presets.load("default", ["engine=eevee"]), bare)
