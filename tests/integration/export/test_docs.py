"""Pages of data sets, and examples/nerf: commands run, make what is listed, the lines load it."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.command_line import ROOT, environment
from tests.integration.export import posed, scenes, solids, surfaces, synthetic
from tests.patience import HANG_S

PAGE = "".join((ROOT / "docs" / name).read_text() for name in ("datasets.md", "systems.md"))
BLOCKS = re.findall(r"^```(console|text|python)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
IMAGES = ("colour", "depth", "mask", "albedo", "alpha", "normal")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    here = tmp_path_factory.mktemp("docs")
    scenes.output(here / "out", scenes.recipe(views=10, size=128, images=IMAGES), failed=1)
    solids.outputs(here / "solids", here / "conditions")
    surfaces.output(here / "surfaces", objects=2)
    synthetic.output(here / "rooms", range(0, 20, 4), objects=3)
    synthetic.output(here / "single", range(0, 20, 4))
    posed.output(here / "poses")
    return here


def test_the_page(folder):
    assert [kind for kind, _ in BLOCKS].count("python") == 21
    to = None
    for kind, text in BLOCKS:
        if kind == "console":
            for line in text.splitlines():
                program, *arguments = shlex.split(line)
                assert program == "render-worker"
                to = folder / arguments[arguments.index("--to") + 1]
                done([sys.executable, "-m", "worker", *arguments], folder)
        elif kind == "text":
            for name in (line.split()[0] for line in text.splitlines()):
                assert list(
                    to.glob(name.replace("<uid>", "*-*-*-*-*").replace("<sha256>", "?" * 64))
                ), name
        else:
            assert len(text.splitlines()) <= 5
            assert done([sys.executable, "-W", "error::DeprecationWarning", "-c", text], folder)
    # As the omages' reader of 1024 pixels does: a pickled table, and paths relative to it.
    about = pd.read_pickle(folder / "raw/meta.pkl")
    found = about[about["success"]]
    assert len(found) == 2
    for path in (folder / "raw" / each for each in found["path"]):
        image = np.load(path / "omage_tensor.npz")["arr_0"]
        assert image.shape == (surfaces.SIZE, surfaces.SIZE, 12)


def done(command, folder, **variables):
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment(PYTHONPATH=str(ROOT), **variables),
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return ended.stdout


@pytest.mark.slow
def test_the_scripts_of_the_nerf_example(tmp_path):
    models = tmp_path / "models"
    done([sys.executable, "-m", "tests.sample_models", models, "pawn.glb"], ROOT)
    bin_folder = Path(sys.executable).parent
    path = f"{bin_folder}:/usr/bin:/bin"
    scripts = ROOT / "examples" / "nerf"
    small = {"RENDER_WORKER_DEVICE": "cpu", "PATH": path}
    shell = (scripts / "render.sh").read_text()
    assert "views=126" in shell
    quick = tmp_path / "render.sh"
    quick.write_text(
        shell.replace("views=126", "views=11 --set resolution=32 --set samples=1")
        .replace("train=80", "train=8")
        .replace("val=10", "val=1")
    )
    done(["sh", quick, models, "out"], tmp_path, **small)
    done(["sh", scripts / "export.sh", "out", "scenes", "nerfstudio"], tmp_path, **small)
    (scene,) = tmp_path.glob("scenes/*/transforms.json")
    document = json.loads(scene.read_text())
    sizes = [len(document[f"{split}_filenames"]) for split in ("train", "val", "test")]
    assert sizes == [8, 1, 2]
    assert {"mask_path", "depth_file_path"} <= document["frames"][0].keys()
    assert (scene.parent / document["ply_file_path"]).is_file()
