"""docs/scenes.md: the commands run, make what is listed, the lines load it."""

import json
import re
import shlex
import subprocess
import sys
import zipfile

import pytest
from PIL import Image

from tests.command_line import ROOT, environment
from tests.integration.scenes.known import SHAPES, write_obj
from tests.integration.scenes.stage import read
from tests.patience import HANG_S
from worker import presets

PAGE = (ROOT / "docs" / "scenes.md").read_text()
BLOCKS = re.findall(r"^```(console|text|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SMALL = ("scenes.samples=4", "views=2", "resolution=32", "samples=1", "cycles.denoise=false")


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory):
    """The lists that the page names, and textures in the layout of DTD."""
    here = tmp_path_factory.mktemp("scenes-page")
    (here / "models").symlink_to(models)
    for synset, shape in zip(("04379243", "02691156", "02747177"), SHAPES.values(), strict=True):
        write_obj(here / "ShapeNetCore.v2" / synset / "m0/models/model_normalized.obj", shape(0))
    for number, category in enumerate(("banded", "dotted", "zigzagged")):
        for picture in range(2):
            path = here / "dtd/images" / category / f"{category}_{picture:04d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (300, 200 + number), (255, 20 * number, 0)).save(path)
    (here / "dtd/images/banded/.directory").write_text("[Dolphin]\n")
    (here / "dtd/labels").mkdir()
    (here / "dtd/labels/train1.txt").write_text("banded/banded_0000.jpg\n")
    return here


def test_the_page(folder):
    assert [kind for kind, _ in BLOCKS] == [
        "console", "text", "python", "console", "console", "console",
    ]  # fmt: skip
    for kind, text in BLOCKS:
        if kind == "console":
            for line in text.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "render-worker"
                small = [word for key in SMALL for word in ("--set", key)]
                run([sys.executable, "-m", "worker", *arguments, *small], folder)
        elif kind == "text":
            for name in (line.split()[0] for line in text.splitlines()):
                assert list((folder / "rooms").glob(name.replace("<uid>", "*-*-*-*-*"))), name
        else:
            assert len(text.splitlines()) == 5
            assert run([sys.executable, "-W", "error::DeprecationWarning", "-c", text], folder)
    one, again = (
        {path.name: path.read_bytes() for path in (folder / name / "renders").iterdir()}
        for name in ("rooms", "rooms-again")
    )
    assert one == again
    assert len(one) == 2
    synsets = [about for about, _ in opened(folder / "synsets")]
    assert len(synsets) == 2
    for about in synsets:  # the study's first, in its order
        assert about["classes"] == ["02691156", "04379243", "02747177"]
        for each in (each for sample in about["samples"] for each in sample["objects"]):
            assert each["class_name"] == each["file_identifier"].split("/")[0]
    for about, samples in opened(folder / "photographs"):
        assert about["classes"] == [*SHAPES]
        for sample in samples:
            red, green, blue = sample.colour[sample.numbers == 0].mean(axis=0)
            assert red > 3 * max(green, blue)  # as all of those pictures are


def opened(output):
    """The metadata and the samples of each zip of an output."""
    for path in sorted((output / "renders").iterdir()):
        with zipfile.ZipFile(path) as zipped:
            files = {name.partition("/")[2]: zipped.read(name) for name in zipped.namelist()}
        yield json.loads(files["metadata.json"]), read(files)


def run(command, folder):
    done = subprocess.run(
        command, cwd=folder, env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True,
        timeout=HANG_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_table_says_what_the_presets_vary():
    rows = re.findall(r"^\| `(scenes-[a-z-]+)` \|(.*)\|$", PAGE, re.MULTILINE)
    assert len(rows) == 12
    for name, cells in rows:
        keys = presets.load(name).scenes
        varied = [keys.texture, not keys.class_colours, keys.viewpoint > 0, keys.lighting > 0]
        assert ["✓" in cell for cell in cells.split("|")] == varied


def test_its_pictures_are_there_and_small():
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE)
    assert {ROOT / "docs" / name for name in pictures} == set((ROOT / "docs/scenes").iterdir())
    assert all((ROOT / "docs" / name).stat().st_size < 200_000 for name in pictures)
