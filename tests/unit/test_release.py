"""One version: what is built has the worker's, and whatever types it by hand has the same."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
from hatchling.build import prepare_metadata_for_build_wheel

from worker import __version__

ROOT = Path(__file__).parents[2]
TYPED = {
    "Dockerfile": r'image\.version="([^"]*)"',
    "CITATION.cff": r"^version: (.*)$",
    "k8s/base/settings.env": r"^RENDER_WORKER_IMAGE=.*:([^:]*)$",
    "apptainer.def": r"/render-worker:(\d[\w.-]*)",
    "launchers/aws-batch.yaml": r"/render-worker:(\d[\w.-]*)",
    "launchers/gcp-batch.yaml": r"/render-worker:(\d[\w.-]*)",
    "launchers/skypilot.yaml": r"/render-worker:(\d[\w.-]*)",
}
# A tag with a number, as an example's image has; not render-worker:bpy.
TAG = re.compile(r"render-worker:(\d[\w.-]*)")
GROUPS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
CITATION = {"cff-version", "message", "title", "authors", "version", "date-released", "license"}


def changelog() -> dict[str, str]:
    """What CHANGELOG.md says below each of its headings of a version, in its order."""
    parts = re.split(r"^## (.*)\n", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_what_is_built_has_the_workers_version(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    folder = tmp_path / prepare_metadata_for_build_wheel(str(tmp_path))
    metadata = Parser().parsestr((folder / "METADATA").read_text())
    assert metadata["Version"] == __version__


@pytest.mark.parametrize("name", TYPED)
def test_a_version_typed_by_hand_is_the_workers(name):
    found = re.findall(TYPED[name], (ROOT / name).read_text(), re.MULTILINE)
    assert set(found) == {__version__}


def test_every_image_of_the_pages_and_manifests_has_the_workers_version():
    folders = [ROOT / name for name in ("docs", "examples", "k8s", "slurm", ".github")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    texts = {path: path.read_text() for path in [*files, *ROOT.glob("*.md")] if is_text(path)}
    found = {(path.name, tag) for path, text in texts.items() for tag in TAG.findall(text)}
    assert {tag for _, tag in found} == {__version__}, found


def is_text(path: Path) -> bool:
    return path.suffix not in {".gif", ".png", ".pyc", ".webp"}


def test_the_images_have_every_package_of_the_wheel():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    packages = wheel["targets"]["wheel"]["packages"]
    assert packages
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    (code,) = (stage for stage in stages if stage.startswith("base AS code\n"))
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for package in packages:
        assert f"!{package}" in allowed
        assert f"\nCOPY {package} /opt/render-worker/{package}\n" in code
    # What is run, the target `bpy` and the default one, takes all of it: with Blender's bytecode,
    # or as it is.
    whole = r"\nCOPY --from=([\w-]+) /opt/render-worker /opt/render-worker\n"
    images = [stage for stage in stages if re.match(r"worker( AS bpy)?\n", stage)]
    assert [re.findall(whole, stage) for stage in images] == [["code"], ["blender-code"]]
    (compiled,) = (stage for stage in stages if stage.startswith("blender AS blender-code\n"))
    assert re.findall(whole, compiled) == ["code"]


def test_the_changelog_is_in_the_form_of_keep_a_changelog():
    unreleased, *released = changelog()
    assert unreleased == "Unreleased"
    dated = [re.fullmatch(r"(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)", heading) for heading in released]
    assert all(dated), released
    assert dated[0][1] == __version__
    dates = [dt.date.fromisoformat(match[2]) for match in dated]
    assert dates == sorted(dates, reverse=True)
    for heading, text in changelog().items():
        before, *groups = re.split(r"^### (.*)\n", text, flags=re.MULTILINE)
        assert "\n- " not in before, f"{heading}: an entry in no group"
        assert groups[0::2] == [group for group in GROUPS if group in groups[0::2]], heading
        assert all("\n- " in group for group in groups[1::2]), heading


def test_the_citation_has_what_its_schema_needs():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert set(citation) >= CITATION
    assert citation["cff-version"] == "1.2.0"
    assert citation["license"] == "Apache-2.0"
    assert all(author["name"] for author in citation["authors"])
    assert f"{citation['version']} - {citation['date-released']}" == list(changelog())[1]
