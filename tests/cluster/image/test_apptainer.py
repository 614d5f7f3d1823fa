"""The SIF from the project's own definition and image, run by an ordinary user."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import needs
from tests.cluster.image.conftest import SMALL
from tests.cluster.tools import apptainer
from tests.cluster.tools.podman import Unavailable
from tests.e2e.conftest import ROOT, listing

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]

USER = 1000
AS_USER = """
# In a mount namespace of its own: the FUSE device for everybody, as a cluster's nodes have it.
mknod -m 666 "$1/fuse" c 10 229 && mount --bind "$1/fuse" /dev/fuse
shift
exec setpriv --reuid 1000 --regid 1000 --clear-groups -- "$@"
"""


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    try:
        return dict(apptainer.environment())
    except Unavailable as reason:
        needs.unavailable("apptainer", str(reason))


class OrdinaryUser:
    """Somebody with a home, a $TMPDIR and a folder for results below `folder`, and no more."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.folder, self.path = folder, environment["PATH"]
        self.home, self.tmp, self.out = (folder / name for name in ("home", "tmp", "out"))
        folder.chmod(0o755)
        for place in (self.home, self.tmp, self.out):
            place.mkdir()
            os.chown(place, USER, USER)

    def apptainer(self, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        own = {"PATH": self.path, "HOME": str(self.home), "TMPDIR": str(self.tmp)}
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", AS_USER, "sh", self.folder,
             "apptainer", *map(str, arguments)],
            env={**own, **variables}, cwd="/", capture_output=True, text=True, errors="replace",
            timeout=600, check=False,
        )  # fmt: skip


@contextlib.contextmanager
def ordinary_user(environment: dict[str, str]) -> Iterator[OrdinaryUser]:
    # Outside pytest's folders, which are root's alone and made so anew by every other test run.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="render-worker-user-") as folder:
        yield OrdinaryUser(environment, Path(folder))


@pytest.fixture(scope="module")
def sif(podman, bpy_image, environment) -> Iterator[Path]:
    """Built by an ordinary user from a local archive; `%test` renders an object on the way."""
    with ordinary_user(environment) as user:
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


@pytest.fixture
def user(environment) -> Iterator[OrdinaryUser]:
    with ordinary_user(environment) as user:
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
    assert "Usage:" in done.stdout


def test_its_root_is_read_only(sif, user):
    done = user.apptainer("exec", sif, "touch", "/opt/render-worker/x")
    assert done.returncode != 0
    assert "Read-only" in done.stderr


def test_what_the_help_says(sif, user):
    done = user.apptainer("run-help", sif)
    assert "--bind /local/cache:/cache" in done.stdout
