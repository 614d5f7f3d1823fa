"""The image built and run by Docker itself, with the builder that its oldest versions have too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster import held, needs
from tests.cluster.image.options import SMALL
from tests.cluster.tools import oci_base
from tests.cluster.tools.docker import Docker, running
from tests.cluster.tools.podman import Unavailable
from tests.command_line import ROOT, listing
from tests.patience import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]
HARDENED = ("--rm", "--read-only", "--user", "12345:54321", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--network", "none")  # fmt: skip


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    try:
        context = running()
        docker = context.__enter__()
    except Unavailable as reason:
        needs.unavailable("docker", str(reason))
    yield docker
    context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def image(docker, podman, context, tmp_path_factory) -> str:
    """The whole `bpy` target, on the base image that podman has."""
    base = tmp_path_factory.mktemp("base") / "base.tar"
    local = oci_base.local(podman, oci_base.BASE)
    podman("save", "--quiet", "--format", "docker-archive", "--output", base, local)
    docker("load", "--quiet", "--input", base)
    docker("tag", local, oci_base.BASE)
    docker("build", "--network", "host", "--target", "bpy", "--tag", "render-worker", context)
    return "render-worker"


def test_it_renders_what_is_rendered_outside(docker, image, readable_samples, output, outside):
    docker(
        "run", *HARDENED, "--volume", f"{readable_samples}:/samples:ro",
        "--volume", f"{output}:/out", image, "run", "/samples", "--output", "/out", *SMALL,
    )  # fmt: skip
    assert listing(output) == listing(outside[SMALL])


def test_its_volumes_are_anybodys(docker, image):
    name = f"cache-{uuid4().hex[:8]}"
    for _ in range(2):
        docker(
            "run", *HARDENED, "--volume", f"{name}:/cache", "--entrypoint", "sh", image,
            "-ec", "touch /cache/kernels /scratch/x",
        )  # fmt: skip
    docker("volume", "rm", name)


def test_docker_stop_ends_it_with_75(docker, image, readable_samples, holding, output):
    name = f"worker-{uuid4().hex[:8]}"
    options = [option for option in HARDENED if option != "--rm"]
    docker(
        "run", "--detach", "--name", name, *options, *held.in_a_container(holding),
        "--volume", f"{readable_samples}:/samples:ro", "--volume", f"{output}:/out",
        image, "run", "/samples", "--output", "/out", *SMALL, "--grace", "1",
        "--children-per-device", "2",  # the other one publishes
    )  # fmt: skip
    until(lambda: list(output.glob("renders/*.zip")), lambda: docker("logs", name).stderr)
    docker("stop", "-t", 300, name)
    assert docker("wait", name).stdout.strip() == "75", docker("logs", name).stderr
    models = [path for path in readable_samples.iterdir() if path.is_file()]
    assert len(list(output.glob("renders/*.zip"))) < len(models)
    docker("rm", name)


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="there is a GPU here")
def test_asked_for_a_gpu_where_there_is_none_docker_refuses(docker, image):
    done = docker("run", "--rm", "--gpus", "all", "--network", "none", image, check=125)
    assert 'could not select device driver "" with capabilities: [[gpu]]' in done.stderr
    assert "could not select device driver" in (ROOT / "docs/docker.md").read_text()
