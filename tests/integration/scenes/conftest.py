"""A list of objects of known geometry, and a studio for each Blender that is here."""

from __future__ import annotations

import pytest

from tests.integration.scenes.known import SHAPES, write_obj
from tests.integration.scenes.stage import Scenery
from tests.proof_helpers import BLENDERS, absent, runtime_of

PARAMETERS = [
    pytest.param(name, id=name, marks=[getattr(pytest.mark, mark)] if mark else [])
    for name, mark in BLENDERS.items()
    if not absent(name)
]


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder with a folder for each class, each with objects of that form."""
    folder = tmp_path_factory.mktemp("models")
    for name, shape in SHAPES.items():
        for number in range(3):
            write_obj(folder / name / f"{name}-{number}.obj", shape(number))
    return folder


@pytest.fixture(scope="session", params=PARAMETERS)
def scenery(request, tmp_path_factory):
    made = Scenery(runtime_of(request.param), tmp_path_factory.mktemp("scenery"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def one_scenery(tmp_path_factory):
    """The bpy wheel's alone, for what no Blender changes."""
    made = Scenery(runtime_of("bpy"), tmp_path_factory.mktemp("scenery"))
    yield made
    made.close()
