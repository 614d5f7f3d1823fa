"""What the Dockerfile builds, and what it refuses to build."""

from __future__ import annotations

import json
import re
from importlib.metadata import version

import pytest

from tests.cluster.image.options import HARDENED
from tests.cluster.tools import oci_base
from tests.command_line import ROOT

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]


def inside(podman, image, script) -> str:
    return podman("run", "--rm", "--user", "0", "--entrypoint", "sh", image, "-ec", script).stdout


def build_blender(podman, context, mirror, version, sha256):
    return podman(
        "build", "--target", "blender", "--network", "host",
        "--build-arg", f"BLENDER_VERSION={version}", "--build-arg", f"BLENDER_SHA256={sha256}",
        "--build-arg", f"BLENDER_MIRROR={mirror}", context, check=None,
    )  # fmt: skip


def test_an_archive_with_another_checksum_is_refused(podman, context, mirror, blender_archive):
    done = build_blender(podman, context, mirror, blender_archive[1], "0" * 64)
    assert done.returncode != 0
    assert "did NOT match" in done.stdout + done.stderr


def test_a_version_that_is_not_there_is_refused(podman, context, mirror):
    done = build_blender(podman, context, mirror, "3.4.99", "0" * 64)
    assert done.returncode != 0
    assert "404" in done.stdout + done.stderr


def test_blender_is_downloaded_and_verified(podman, context, mirror, blender_archive):
    _, version, sha256 = blender_archive
    done = build_blender(podman, context, mirror, version, sha256)
    assert done.returncode == 0, done.stderr
    said = inside(podman, done.stdout.split()[-1], "/opt/blender/blender -b --version")
    assert said.startswith(f"Blender {version}")


def test_the_default_is_the_published_blender():
    text = (ROOT / "Dockerfile").read_text()
    assert "ARG BLENDER_VERSION=3.2.2\n" in text
    assert "1726560157d90cf2aaaeb6d25ded1783d66bff043814cd95b90fc0af1d9e018b" in text
    assert "https://download.blender.org/release\n" in text
    assert re.findall(r"^FROM (.+)", text, re.MULTILINE)[-1] == "worker"  # the default target


def test_settings(podman, every_image):
    config = json.loads(podman("image", "inspect", every_image).stdout)[0]["Config"]
    variables = dict(pair.split("=", 1) for pair in config["Env"])
    assert variables["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert variables["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility,graphics"
    assert set(config["Volumes"]) == {"/scratch", "/cache"}
    for name in ("HOME", "TMPDIR", "CUDA_CACHE_PATH", "OPTIX_CACHE_PATH"):
        assert variables[name] in config["Volumes"]
    # Under Apptainer they would win over those of the host.
    assert not [name for name in variables if name.startswith("RENDER_WORKER_")]
    assert config["User"] == "1000:1000"
    assert config["Labels"]["org.opencontainers.image.title"] == "render-worker"
    assert config["Labels"]["org.opencontainers.image.version"] == version("render-worker")


def test_nothing_is_left_behind(podman, every_image):
    places = "/root/.cache /var/lib/apt/lists /var/cache/apt /tmp /scratch /cache"
    assert inside(podman, every_image, f"find {places} -type f 2>/dev/null || true") == ""
    tests = inside(podman, every_image, "find /opt/venv -type d -name tests")
    assert "numpy" not in tests
    assert "pandas" not in tests
    assert "h5py" not in tests


def test_only_the_volumes_can_be_written(podman, every_image):
    script = "find / -xdev ! -type l -perm -o+w ! -path '/proc/*' ! -path '/dev/*' -print"
    found = set(inside(podman, every_image, script).split())
    assert found <= {"/tmp", "/var/tmp", "/run/lock", "/var/lock", "/scratch", "/cache"}


def test_every_system_library_is_there(podman, every_image):
    inside(podman, every_image, "python3 /opt/render-worker/worker/supervisor/libraries.py")


COMPILED = """
import os, sys
from importlib import _bootstrap_external as files
compiled, compile_source = [], files.SourceLoader.source_to_code
def source_to_code(self, data, path, **more):
    compiled.append(path)
    return compile_source(self, data, path, **more)
files.SourceLoader.source_to_code = source_to_code
import worker.{module}
made = [(module.__file__, module.__cached__) for module in list(sys.modules.values())
        if getattr(module, "__cached__", None)]
compiled += [source for source, bytecode in made if not os.path.exists(bytecode)]
print("COMPILED", compiled)
print("READ", len(made))
"""


@pytest.mark.parametrize("module", ["run.command", "blender.child"])
def test_no_process_compiles_what_it_imports(podman, every_image, module, request):
    code = COMPILED.format(module=module)
    start = ["/opt/venv/bin/python", "-c", code]
    if request.node.callspec.params["every_image"] == "program" and module == "blender.child":
        path = "import sys; sys.path.insert(0, '/opt/render-worker')\n"
        start = ["blender", "-b", "--factory-startup", "--python-expr", path + code]
    # By a user who can write no bytecode.
    program, *arguments = start
    said = podman("run", *HARDENED, "--entrypoint", program, every_image, *arguments).stdout
    assert re.search(r"^COMPILED \[\]$", said, re.MULTILINE), said
    assert int(re.search(r"^READ (\d+)$", said, re.MULTILINE)[1]) > 200


def test_the_size_is_what_the_docs_say(podman, every_image, request):
    build = request.node.callspec.params["every_image"]
    row, base = {
        "bpy": ("`bpy` | 4.5 ", oci_base.BASE),
        "newest": ("`bpy` | 5.2 ", oci_base.NEWER),
        "program": ("default | 3.2.2", oci_base.BASE),
    }[build]
    table = (ROOT / "docs/docker.md").read_text()
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {row}"))
    stated = int(re.search(r"\| (\d+) MB", line)[1])
    whole, below = (
        int(podman("image", "inspect", "--format", "{{.Size}}", name).stdout)
        for name in (every_image, oci_base.local(podman, base))
    )
    # The Blender is stated by its name: which one it is, is the builder's choice.
    count = "du -s --block-size=1 --apparent-size /opt/blender 2>/dev/null || echo 0"
    blender = int(inside(podman, every_image, count).split()[0])
    assert (whole - below - blender) / 1e6 == pytest.approx(stated, rel=0.05)
