"""The images with a Blender program or the newest wheel, and what images are compared with."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import blenders
from tests.cluster import needs
from tests.cluster.image import debian_blender
from tests.cluster.image.options import DENOISED, SMALL
from tests.cluster.images import with_base
from tests.cluster.tools import oci_base
from tests.cluster.tools.podman import Unavailable
from tests.command_line import run_worker
from tests.patience import HANG_S
from tests.tools import rgw as gateways


@pytest.fixture(scope="session")
def blender_archive() -> tuple[Path, str, str]:
    """A Blender archive, its version and its sha256."""
    try:
        return debian_blender.archive()
    except Unavailable as reason:
        needs.unavailable("image", str(reason))


@pytest.fixture(scope="session")
def mirror(blender_archive, tmp_path_factory) -> Iterator[str]:
    """A mirror of download.blender.org/release that holds this one archive."""
    archive, version, _ = blender_archive
    folder = tmp_path_factory.mktemp("release")
    series = folder / f"Blender{version.rpartition('.')[0]}"
    series.mkdir()
    (series / archive.name).symlink_to(archive)
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def program_image(podman, context, blender_archive) -> str:
    """The whole default target, with the archive beside the Dockerfile and no network for it."""
    archive, version, sha256 = blender_archive
    beside = Path(shutil.copy(archive, context))
    try:
        built = podman(
            "build", "--build-arg", f"BLENDER_VERSION={version}",
            "--build-arg", f"BLENDER_SHA256={sha256}",
            "--build-arg", "BLENDER_MIRROR=http://127.0.0.1:9", context,
        )  # fmt: skip
    finally:
        beside.unlink()
    return built.stdout.split()[-1]


@pytest.fixture(scope="session")
def newest_image(podman, context) -> str:
    """The `bpy` target with Blender 5.2, which has a base of its own."""
    with_base(podman, oci_base.NEWER)
    built = podman(
        "build", "--target", "bpy", "--build-arg", "BPY=5.2",
        "--build-arg", f"PYTHON={oci_base.NEWER.partition(':')[2]}", context,
    )  # fmt: skip
    return built.stdout.split()[-1]


@pytest.fixture(params=["bpy", "program"])
def image(request) -> str:
    return request.getfixturevalue(f"{request.param}_image")


@pytest.fixture(params=["bpy", "newest", "program"])
def every_image(request) -> str:
    return request.getfixturevalue(f"{request.param}_image")


@pytest.fixture(scope="session")
def readable_samples(samples, tmp_path_factory) -> Path:
    """The project's samples, one object in every other format and a package to repair.

    For any user to read.
    """
    folder = tmp_path_factory.mktemp("models") / "samples"
    shutil.copytree(samples, folder)
    script = Path(__file__).with_name("more_formats.py")
    subprocess.run(
        [sys.executable, script, folder], check=True, capture_output=True, timeout=HANG_S
    )
    package = blenders.REPOSITORY / "tests/integration/blender/make_package.py"
    blenders.make("bpy", package, blenders.REPOSITORY, folder)
    shutil.rmtree(folder / "maps", ignore_errors=True)
    folder.chmod(0o755)
    return folder


@pytest.fixture
def output(tmp_path) -> Path:
    """An output folder that any user may write to."""
    folder = tmp_path / "out"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="session")
def outside(readable_samples, tmp_path_factory) -> dict[tuple[str, ...], Path]:
    """What the worker makes of the samples outside any container, by options."""
    outputs = {}
    for name, options in (("small", SMALL), ("denoised", DENOISED)):
        outputs[options] = tmp_path_factory.mktemp("outside") / name
        run_worker(
            "run", readable_samples, "--output", outputs[options], "--blender", "bpy", *options
        )
    return outputs


@pytest.fixture(scope="session")
def rgw() -> Iterator[gateways.Rgw]:
    """A real S3 server on loopback."""
    try:
        running = gateways.running()
        server = running.__enter__()
    except gateways.Unavailable as reason:
        needs.unavailable("s3", str(reason))
    yield server
    running.__exit__(None, None, None)
