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


def _switch_on(file: Path, component: str) -> None:
    """Uncomment the line of base's kustomization that a user uncomments."""
    line = f"components: [../components/{component}]"
    text = file.read_text()
    if f"\n{line}" not in text:
        assert f"\n# {line}" in text
        file.write_text(text.replace(f"\n# {line}", f"\n{line}"))


@pytest.fixture
def render(kustomize, tmp_path) -> Callable[..., Manifests]:
    """Render an overlay with some of settings.env's values replaced, or more added."""

    def rendered(
        overlay: str = "base", *, components: Sequence[str] = (), **settings: object
    ) -> Manifests:
        folder = Path(shutil.copytree(ROOT / "k8s", tmp_path / "k8s", dirs_exist_ok=True))
        for place in ("base/settings.env", f"{overlay}/export.env"):
            if (ROOT / "k8s" / place).exists():
                _fill_in(folder / place, settings)
        for component in components:
            _switch_on(folder / "base/kustomization.yaml", component)
        done = subprocess.run(
            [*kustomize, folder / overlay], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return {one["kind"]: one for one in yaml.safe_load_all(done.stdout)}

    return rendered
