"""The SIF from the project's own definition and image, run by an ordinary user."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.cluster.image.conftest import SMALL
from tests.cluster.tools.ordinary_user import OrdinaryUser, ordinary_user
from tests.e2e.conftest import listing

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]


@pytest.fixture
def user(apptainer_path) -> Iterator[OrdinaryUser]:
    with ordinary_user(apptainer_path) as user:
        yield user


def test_it_renders_with_scratch_in_tmpdir(sif, user, readable_samples, outside):
    samples = shutil.copytree(readable_samples, user.folder / "samples")
    done = user.apptainer(
        "run", "--nv", "--bind", f"{samples}:/samples:ro", "--bind", f"{user.out}:/out",
        "--bind", user.tmp, sif,
        "run", "/samples", "--output", "/out", "--scratch", user.tmp, *SMALL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert listing(user.out) == listing(outside[SMALL])
    assert list(user.tmp.iterdir()) == []


def test_without_arguments_it_shows_the_help(sif, user):
    done = user.apptainer("run", sif)
    assert done.returncode == 0, done.stderr
    assert "Usage: render-worker" in done.stdout


def test_its_root_is_read_only(sif, user):
    done = user.apptainer("exec", sif, "touch", "/opt/render-worker/x")
    assert done.returncode != 0
    assert "Read-only" in done.stderr


def test_what_the_help_says(sif, user):
    done = user.apptainer("run-help", sif)
    assert "--bind /local/cache:/cache" in done.stdout
