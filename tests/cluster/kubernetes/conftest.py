"""The manifests as kustomize renders them, with the settings that a person would fill in."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster import needs
from tests.cluster.memory import in_memory
from tests.command_line import ROOT

Manifests = dict[str, dict[str, Any]]


@pytest.fixture
def tmp_path(tmp_path) -> Iterator[Path]:
    with in_memory(tmp_path) as folder:
        yield folder


@pytest.fixture(scope="session")
def kustomize(tmp_path_factory) -> list[str]:
    """The command that renders a kustomization: kubectl's own, kustomize, or Debian's, fetched."""
    for command in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(command[0]) and subprocess.run(
            [*command, ROOT / "k8s/base"], capture_output=True, check=False
        ).stdout.startswith(b"apiVersion"):
            return command
    fetched = subprocess.run(
        [ROOT / "tests/cluster/tools/kustomize.sh", tmp_path_factory.mktemp("kustomize")],
        capture_output=True,
        text=True,
        check=False,
    )
    if fetched.returncode:
        needs.unavailable(
            "kustomize", f"no kubectl 1.27+ and none to fetch ({fetched.stderr.strip()[-200:]})"
        )
    return [fetched.stdout.strip(), "build"]


def _fill_in(file: Path, settings: dict[str, object]) -> None:
    kept = [
        line for line in file.read_text().splitlines() if line.partition("=")[0] not in settings
    ]
    file.write_text("\n".join([*kept, *(f"{k}={v}" for k, v in settings.items())]) + "\n")


def _switch_on(file: Path, components: Sequence[str]) -> None:
    """Uncomment the line of base's kustomization that a user uncomments; of two, make one list."""
    text = file.read_text()
    for component in components:
        line = f"\n# components: [../components/{component}]"
        assert line in text
        text = text.replace(line, "")
    folders = ", ".join(f"../components/{component}" for component in components)
    file.write_text(f"{text}components: [{folders}]\n")


@pytest.fixture
def render(kustomize, tmp_path) -> Callable[..., Manifests]:
    """Render an overlay with some of settings.env's values replaced, or more added.

    Manifests by kind; of two of a kind, the second by kind and name.
    """

    def rendered(
        overlay: str = "base", *, components: Sequence[str] = (), **settings: object
    ) -> Manifests:
        folder = Path(shutil.copytree(ROOT / "k8s", tmp_path / "k8s", dirs_exist_ok=True))
        for place in ("base/settings.env", f"{overlay}/export.env"):
            if (ROOT / "k8s" / place).exists():
                _fill_in(folder / place, settings)
        if components:
            _switch_on(folder / "base/kustomization.yaml", components)
        done = subprocess.run(
            [*kustomize, folder / overlay], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        manifests: Manifests = {}
        for one in yaml.safe_load_all(done.stdout):
            name = one["metadata"]["name"]
            manifests[f"{one['kind']} {name}" if one["kind"] in manifests else one["kind"]] = one
        return manifests

    return rendered
