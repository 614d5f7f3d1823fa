"""The SIF from the project's own definition and image, run by an ordinary user."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import held, needs
from tests.cluster.image.options import SMALL
from tests.cluster.tools.ordinary_user import OrdinaryUser, ordinary_user
from tests.cluster.tools.podman import Unavailable
from tests.cluster.tools.registry import registry
from tests.command_line import ROOT, listing
from tests.fault_injection import kill
from worker.core.failpoints import Failpoint

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]


@pytest.fixture
def user(apptainer_path) -> Iterator[OrdinaryUser]:
    with ordinary_user(apptainer_path) as user:
        yield user


def test_it_is_built_from_a_registry_by_its_name_alone(podman, bpy_image, user, tmp_path):
    """As docs/slurm.md says; unpacked, its choice for a site with proctrack/linuxproc."""
    try:
        with registry(tmp_path) as address:
            name = f"{address}/render-worker:test"
            podman("push", "--quiet", "--tls-verify=false", bpy_image, f"docker://{name}")
            definition = shutil.copy(ROOT / "apptainer.def", user.folder)
            done = user.apptainer(
                "build", "--sandbox", "--build-arg", f"IMAGE={name}",
                user.out / "render-worker", definition, APPTAINER_NOHTTPS="1",
            )  # fmt: skip
    except Unavailable as reason:
        needs.unavailable("registry", str(reason))
    assert done.returncode == 0, done.stdout + done.stderr
    assert ".zip" in done.stdout + done.stderr  # %test's last word


def test_it_renders_with_scratch_in_tmpdir(sif, user, readable_samples, outside):
    samples = shutil.copytree(readable_samples, user.folder / "samples")
    deadly = Path(shutil.copy(kill.__file__, user.folder))
    deadly.chmod(0o644)
    options = (
        "--nv", "--bind", f"{samples}:/samples:ro", "--bind", f"{user.out}:/out",
        "--bind", user.tmp, "--bind", f"{samples}:/dev/shm:ro", sif,  # no RAM disk
    )  # fmt: skip
    command = ("run", "/samples", "--output", "/out", *SMALL)
    killed = user.apptainer(
        "exec", "--bind", f"{deadly}:/{deadly.name}:ro", *options,
        held.IN_THE_IMAGE, "-I", f"/{deadly.name}", Failpoint.RENDER_AFTER, *command,
    )  # fmt: skip
    assert list(user.tmp.rglob("*.exr")), killed.stderr
    done = user.apptainer("run", *options, *command)
    assert done.returncode == 0, done.stderr
    assert listing(user.out) == listing(outside[SMALL])
    assert list(user.tmp.iterdir()) == []


def test_where_the_host_keeps_files_holds_inside(sif, user):
    def told(*options: object, **variables: str) -> list[str]:
        names = ("TMPDIR", "CUDA_CACHE_PATH", "OPTIX_CACHE_PATH")
        script = "; ".join(f'echo "${{{name}-unset}}"' for name in names)
        done = user.apptainer("exec", *options, sif, "sh", "-c", script, **variables)
        return done.stdout.split()

    tmp, own = str(user.tmp), {"CUDA_CACHE_PATH": "/k/cuda", "OPTIX_CACHE_PATH": "/k/optix"}
    assert told(**own) == [tmp, "/k/cuda", "/k/optix"]
    assert told() == [tmp, "unset", "unset"]
    injected = {f"APPTAINERENV_{name}": folder for name, folder in own.items()}  # as step.sh does
    assert told(**injected) == [tmp, "/k/cuda", "/k/optix"]
    assert told("--bind", f"{user.out}:/cache") == [tmp, "/cache", "/cache"]


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
