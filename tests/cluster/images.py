"""The session's image and its SIF, each built once whatever room asks first."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import needs
from tests.cluster.tools import apptainer, oci_base
from tests.cluster.tools.ordinary_user import ordinary_user
from tests.cluster.tools.podman import Podman, Unavailable
from tests.command_line import ROOT


@pytest.fixture(scope="session")
def podman() -> Iterator[Podman]:
    """Podman with the base image; what it built stays for the next run, and for a day."""
    try:
        podman = Podman()
    except Unavailable as reason:
        needs.unavailable("image", str(reason))
    with_base(podman, oci_base.BASE)
    yield podman
    podman("image", "prune", "--force", "--filter", "until=24h")


def with_base(podman: Podman, base: str) -> None:
    """Have the image that a Dockerfile starts from; says so if it is a stand-in."""
    try:
        made = oci_base.ensure(podman, base)
    except (Unavailable, AssertionError) as reason:
        needs.unavailable("image", str(reason))
    if made != base:
        warnings.warn(f"no registry in reach: images are built on {made}", stacklevel=1)


@pytest.fixture(scope="session")
def context(tmp_path_factory) -> Path:
    """The build context as it is now, so that an edit in mid-test changes nothing."""
    folder = tmp_path_factory.mktemp("context")
    for name in ("Dockerfile", ".dockerignore", "LICENSE", "entrypoint.sh"):
        shutil.copy(ROOT / name, folder)
    for name in ("locks", "worker", "render_worker"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def bpy_image(podman, context) -> str:
    """The whole `bpy` target; by its id, as another test run may be building its own."""
    return podman("build", "--target", "bpy", context).stdout.split()[-1]


@pytest.fixture(scope="session")
def apptainer_path() -> str:
    """A PATH with `apptainer` on it."""
    try:
        return apptainer.environment()["PATH"]
    except Unavailable as reason:
        needs.unavailable("apptainer", str(reason))


@pytest.fixture(scope="session")
def sif(podman, bpy_image, apptainer_path) -> Iterator[Path]:
    """Built by an ordinary user from a local archive; `%test` renders an object on the way."""
    with ordinary_user(apptainer_path) as user:
        archive, definition = user.folder / "image.tar", user.folder / "apptainer.def"
        podman("save", "--quiet", "--format", "docker-archive", "--output", archive, bpy_image)
        archive.chmod(0o644)
        shutil.copy(ROOT / "apptainer.def", definition)
        made = user.out / "render-worker.sif"
        done = user.apptainer(
            "build", "--build-arg", "BOOTSTRAP=docker-archive", "--build-arg", f"IMAGE={archive}",
            made, definition,
        )  # fmt: skip
        archive.unlink()
        assert done.returncode == 0, done.stdout + done.stderr
        assert ".zip" in done.stdout + done.stderr  # %test's last word
        yield made
