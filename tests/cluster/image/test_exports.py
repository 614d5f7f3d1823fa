"""Every kind of data set is made by the images as it is outside: no library is missing in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cluster.image.options import HARDENED, SMALL
from tests.command_line import listing, run_worker
from tests.integration.scenes.known import SHAPES, write_obj
from worker.export import EXPORT_KINDS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]

FEW = ("--device", "cpu", "--set", "scenes.samples=2", "--set", "views=2", "--set", "samples=1",
       "--set", "resolution=32", "--set", "cycles.denoise=false")  # fmt: skip
SCENES = (*FEW, "--preset", "scenes-multi")
BOP = (*FEW, "--preset", "scenes-bop")
OMAGE = ("--device", "cpu", "--preset", "omage", "--set", "resolution=128",
         "--set", "omage.margin=0.04", "--set", "omage.small=32")  # fmt: skip
VIEWS = (*SMALL, "--preset", "gpt4point")
TRELLIS = (*SMALL, "--preset", "trellis", "--set", 'products=["mesh"]')
OPTIONS = {"hdf5": SCENES, "coco": SCENES, "bop": BOP, "omage": OMAGE, "trellis": TRELLIS}
MORE = {"pointcloud": ("--points", 200)}
"""Options of `run` and of `export`, by kind."""


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """Two objects of a ShapeNet tree."""
    models = tmp_path_factory.mktemp("exports") / "models"
    for synset, shape in zip(("04379243", "02828884"), SHAPES.values(), strict=False):
        write_obj(models / synset / "model" / "models" / "model_normalized.obj", shape(1))
    return models


@pytest.fixture(scope="session")
def rendered(models) -> dict[tuple[str, ...], Path]:
    """The models as scenes, as object images and as views, by options of `run`."""
    different = dict.fromkeys((*OPTIONS.values(), VIEWS))
    outputs = {options: models.parent / str(place) for place, options in enumerate(different)}
    for options, output in outputs.items():
        run_worker("run", models, "--output", output, "--blender", "bpy", *options)
    return outputs


def contents(folder: Path) -> dict[str, object]:
    """What is in each file by its key; of an .npz the arrays: zip headers vary from 3.11.2 on."""
    found: dict[str, object] = dict(listing(folder))
    for key in (key for key in found if key.endswith(".npz")):
        with np.load(folder / key) as arrays:
            found[key] = {
                name: (str(array.dtype), array.shape, array.tobytes())
                for name, array in arrays.items()
            }
    return found


@pytest.mark.parametrize("kind", EXPORT_KINDS)
def test_a_data_set_is_the_one_made_outside(podman, image, rendered, output, tmp_path, kind):
    zips = rendered[OPTIONS.get(kind, VIEWS)]
    more = MORE.get(kind, ())
    run_worker("export", kind, "--input", zips, "--to", tmp_path / "outside", *more)
    podman(
        "run", *HARDENED, "--network", "none", "--volume", f"{zips}:/zips:ro",
        "--volume", f"{output}:/out", image, "export", kind, "--input", "/zips", "--to", "/out",
        *more,
    )  # fmt: skip
    made = contents(output)
    assert made
    assert made == contents(tmp_path / "outside")


@pytest.mark.parametrize("options", [SCENES, OMAGE], ids=["scenes", "omage"])
def test_scenes_and_object_images_are_rendered(podman, image, models, rendered, output, options):
    podman(
        "run", *HARDENED, "--network", "none", "--volume", f"{models}:/models:ro",
        "--volume", f"{output}:/out", image, "run", "/models", "--output", "/out", *options,
    )  # fmt: skip
    assert set(listing(output)) == set(listing(rendered[options]))


def test_a_parquet_list_is_read(podman, image, output, tmp_path):
    """As Objaverse-XL's annotations are."""
    models = tmp_path / "models"
    models.mkdir()
    write_obj(models / "brick.obj", SHAPES["brick"](1))
    listed = pl.DataFrame({"fileIdentifier": ["brick"], "path": ["/models/brick.obj"]})
    listed.write_parquet(models / "list.parquet")
    podman(
        "run", *HARDENED, "--network", "none", "--volume", f"{models}:/models:ro",
        "--volume", f"{output}:/out", image,
        "index", "build", "/models/list.parquet", "--to", "/out",
    )  # fmt: skip
    assert "brick.obj" in (output / "shards/000000.jsonl").read_text()


READ = """
from render_worker import open_output
for rendered in open_output("/zips"):
    print(rendered.uid, len(rendered.views), rendered.views[0].depth.shape)
"""


def test_the_library_reads_an_output(podman, image, rendered):
    zips = rendered[VIEWS]
    done = podman(
        "run", *HARDENED, "--network", "none", "--volume", f"{zips}:/zips:ro",
        "--entrypoint", "/opt/venv/bin/python", image, "-Ic", READ,
    )  # fmt: skip
    found = {path.stem for path in zips.glob("renders/*.zip")}
    assert {line.split()[0] for line in done.stdout.splitlines()} == found
