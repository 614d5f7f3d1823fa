"""Outputs to export from: exact pictures of three balls, through the worker's own packer."""

import shutil

import pytest

from tests.integration.export import scenes
from worker.contract.recipe import Camera
from worker.export.run import ExportOptions, run


def pytest_configure(config):
    config.addinivalue_line("markers", "nerf: trains a radiance field; needs torch, takes minutes")


@pytest.fixture(scope="session")
def views(tmp_path_factory):
    """3 objects of 10 views with colour, depth and mask, and one that failed."""
    folder = tmp_path_factory.mktemp("views") / "out"
    return scenes.output(
        folder, scenes.recipe(views=10), failed=1, source="github", license="CC0-1.0",
        metadata={"author": "someone"},
    )  # fmt: skip


@pytest.fixture(scope="session")
def gpt4point(tmp_path_factory):
    """2 objects with what GPT4Point's renders have, and normals."""
    recipe = scenes.recipe(
        "gpt4point",
        views=12,
        size=96,
        images=scenes.GPT4POINT,
        camera=Camera(fov=(39.6, 39.6), radius=(2.0, 2.0)),
    )
    return scenes.output(tmp_path_factory.mktemp("gpt4point") / "out", recipe, objects=2)


@pytest.fixture
def own(views, tmp_path):
    """A copy of `views` that a test may harm."""
    return shutil.copytree(views, tmp_path / "own")


@pytest.fixture
def export(tmp_path):
    """Run an export in this process; gives the target folder. `status` is what must come of it."""

    def start(kind, source, to=None, status=0, options=None, **more):
        to = to or tmp_path / kind
        done = run(
            ExportOptions(kind=kind, input=str(source), to=str(to), scratch=tmp_path / "scratch",
                          kind_options=options or {}, **more),
            {},
        )  # fmt: skip
        assert done.status == status, scenes.outcomes(to)
        return to

    return start
