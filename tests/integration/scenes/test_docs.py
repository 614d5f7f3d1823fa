"""docs/scenes.md: the commands run, make what is listed, the lines load it."""

import re
import shlex
import subprocess
import sys

from tests.command_line import ROOT, environment
from tests.patience import HANG_S
from worker import presets

PAGE = (ROOT / "docs" / "scenes.md").read_text()
BLOCKS = re.findall(r"^```(console|text|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SMALL = ("scenes.samples=4", "views=2", "resolution=32", "samples=1", "cycles.denoise=false")


def test_the_page(models, tmp_path):
    (tmp_path / "models").symlink_to(models)
    assert [kind for kind, _ in BLOCKS] == ["console", "text", "python", "console"]
    for kind, text in BLOCKS:
        if kind == "console":
            for line in text.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "render-worker"
                small = [word for key in SMALL for word in ("--set", key)]
                run([sys.executable, "-m", "worker", *arguments, *small], tmp_path)
        elif kind == "text":
            for name in (line.split()[0] for line in text.splitlines()):
                assert list((tmp_path / "rooms").glob(name.replace("<uid>", "*-*-*-*-*"))), name
        else:
            assert len(text.splitlines()) == 5
            assert run([sys.executable, "-W", "error::DeprecationWarning", "-c", text], tmp_path)
    one, again = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "renders").iterdir()}
        for name in ("rooms", "rooms-again")
    )
    assert one == again
    assert len(one) == 2


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
