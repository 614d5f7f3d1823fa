"""A list of objects of known geometry, and a studio for each Blender that is here."""

from __future__ import annotations

import pytest

from tests import blenders
from tests.integration.scenes.known import SHAPES, write_obj
from tests.integration.scenes.stage import Scenery


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder with a folder for each class, each with objects of that form."""
    folder = tmp_path_factory.mktemp("models")
    for name, shape in SHAPES.items():
        for number in range(3):
            write_obj(folder / name / f"{name}-{number}.obj", shape(number))
    return folder


@pytest.fixture(scope="session", params=blenders.parameters())
def scenery(request, tmp_path_factory):
    made = Scenery(request.param, tmp_path_factory.mktemp("scenery"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def one_scenery(tmp_path_factory):
    """The bpy wheel's alone, for what no Blender changes."""
    made = Scenery("bpy", tmp_path_factory.mktemp("scenery"))
    yield made
    made.close()
