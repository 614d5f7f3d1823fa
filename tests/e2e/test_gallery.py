"""`render-worker gallery`: where its files go, and what it opens."""

from __future__ import annotations

import shutil

import pytest
from PIL import Image

from tests.command_line import run_worker
from tests.integration.export import scenes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return scenes.output(
        tmp_path_factory.mktemp("made") / "out", scenes.recipe(views=3, size=32), failed=1
    )


@pytest.fixture
def output(made, tmp_path):
    """A folder with a copy of the output, and nothing else."""
    shutil.copytree(made, tmp_path / "out")
    return tmp_path / "out"


def test_the_site_lies_in_the_output(output, tmp_path):
    done = run_worker("gallery", "--output", "out", where=tmp_path)
    assert done.stdout == "gallery: out/gallery/index.html\n"
    assert (output / "gallery/index.html").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert "has neither" not in run_worker("status", "--output", "out", where=tmp_path).stderr


def test_an_output_named_by_a_uri_keeps_its_gallery(output, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    done = run_worker("gallery", "--output", output.as_uri(), where=tmp_path / "elsewhere")
    assert done.stdout == f"gallery: {output}/gallery/index.html\n"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("form", [str, lambda path: path.as_uri()])
def test_the_sheet_alone(output, tmp_path, form):
    done = run_worker(
        "gallery", "--output", form(output), "--sheet", "sheet.png", "--rows", 2, "--columns", 2,
        where=tmp_path,
    )  # fmt: skip
    assert done.stdout == "contact sheet: sheet.png\n"
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "sheet.png"]
    assert not (output / "gallery").exists()


def test_both_and_bounds(output, tmp_path):
    run_worker(
        "gallery", "--output", "out", "--sheet", "sheet.png", "--to", "site", "--objects", 3,
        "--pages", 1, "--views", 2, where=tmp_path,
    )  # fmt: skip
    assert (tmp_path / "sheet.png").is_file()
    assert len(list((tmp_path / "site/objects").iterdir())) == 1
    assert len(list((tmp_path / "site/objects").rglob("*-depth.webp"))) == 2


def test_what_is_left_out_is_said(output, tmp_path):
    done = run_worker("gallery", "--output", "out", "--objects", 2, where=tmp_path)
    assert done.stdout.splitlines()[0] == "the first 2 objects are listed; --objects lists more"


def test_it_opens_in_the_users_browser(output, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/opened"\n')
    browser.chmod(0o755)
    run_worker("gallery", "--output", "out", "--open", where=tmp_path, BROWSER=f"{browser} %s")
    opened = (tmp_path / "opened").read_text().strip()
    assert opened == (output / "gallery/index.html").as_uri()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--to", "s3://b/x", "--open"), 64, "--open opens a folder"),
        (("--to", "https://b/x"), 64, "https:// is not possible here"),
        (("--sheet", "sheet.jpg"), 64, "must end with .png"),
    ],
)
def test_what_cannot_be_is_said(output, tmp_path, arguments, status, said):
    done = run_worker("gallery", "--output", "out", *arguments, check=status, where=tmp_path)
    assert said in done.stderr


def test_an_output_without_an_outcome_gives_no_site(output, tmp_path):
    shutil.rmtree(output / "ledger")
    done = run_worker("gallery", "--output", "out", check=78, where=tmp_path)
    assert "no object has an outcome yet" in done.stderr
    assert not (output / "gallery" / "index.html").exists()
