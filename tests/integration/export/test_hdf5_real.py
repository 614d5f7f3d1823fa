"""From models to HDF5: scenes rendered by Blender, held against their own zips."""

import io
import json
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.command_line import ROOT, run_worker
from tests.patience import HANG_S
from worker.core import keys

SIZE = 48
OBJECTS = 2


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """5 samples of two objects, of two classes, in zips of two."""
    here = tmp_path_factory.mktemp("scenes")
    for category, model in (("figures", "pawn.glb"), ("machines", "gear.stl")):
        subprocess.run(
            [sys.executable, "-m", "tests.sample_models", here / "models" / category, model],
            check=True, capture_output=True, cwd=ROOT, timeout=HANG_S,
        )  # fmt: skip
    run_worker(
        "run", here / "models", "--output", here / "out", "--device", "cpu",
        "--preset", "scenes-multi", "--set", "scenes.samples=5", "--set", "views=2",
        "--set", f"resolution={SIZE}", "--set", "samples=2", "--set", f"scenes.objects={OBJECTS}",
    )  # fmt: skip
    return here / "out"


def image(data):
    return np.asarray(Image.open(io.BytesIO(data.tobytes())))


def channel(file, name):
    return np.frombuffer(file.channel(f"View Layer.{name}"), np.float32).reshape(SIZE, SIZE)


@pytest.mark.slow
def test_rendered_scenes(export, rendered):
    to = export("hdf5", rendered)
    with h5py.File(to / "imgs_00.h5") as file:
        assert file["idx"][:].tolist() == list(range(5))
        assert len(set(file["uid"][:])) == 3
        for index in range(5):
            uid = file["uid"][index].decode()
            with zipfile.ZipFile(rendered / keys.render_zip(uid)) as zipped:
                about = json.loads(zipped.read(f"{uid}/metadata.json"))
                exr = OpenEXR.InputFile(io.BytesIO(zipped.read(f"{uid}/img/{index:05d}.exr")))
                truth = np.load(io.BytesIO(zipped.read(f"{uid}/img/{index:05d}.npy")))
            for field in truth.dtype.names:
                assert np.array_equal(file[field][index], truth[field])
            labels = image(file["png_targets"][index])
            (sample,) = (each for each in about["samples"] if each["idx"] == index)
            for number, told in enumerate(sample["objects"], 1):
                mask = labels[..., 0] == number
                assert mask.sum() == told["pixels"]
                assert set(labels[mask, 1]) <= {told["class"] + 1}
                assert file["class"][index][number - 1] == told["class"]
            wall = labels[..., 0] == 0
            assert set(labels[wall, 1]) == {0}
            assert set(labels[wall, 2]) == {255}  # more than 2.55 away
            assert labels[~wall, 2].max() < 255
            depth = 100 * np.minimum(channel(exr, "Depth.Z"), 2.55)
            assert np.abs(labels[..., 2] + 0.5 - depth).max() < 0.501
            light = np.stack([channel(exr, f"Combined.{c}") for c in "RGB"], -1).clip(0, 1)
            curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
            assert np.abs(image(file["png_images"][index]) - 255 * curve).max() < 0.51


@pytest.mark.slow
def test_rendered_scenes_preprocessed(export, rendered):
    raw = export("hdf5", rendered)
    to = export("hdf5", rendered, raw / "ready", options={"preprocess": 32, "lab": True})
    with h5py.File(raw / "imgs_00.h5") as file, h5py.File(to / "data_32_lab.h5") as ready:
        nearest = (np.arange(32) * 2 + 1) * SIZE // 64
        for row, index in enumerate(ready["idx"][:].tolist()):
            labels = image(file["png_targets"][index])[np.ix_(nearest, nearest)]
            assert np.array_equal(ready["targets"][row], labels.transpose(2, 0, 1))
            lightness = ready["data"][row, 0].astype(float) * 17.42 + 38.44
            grey = image(file["png_images"][index]).mean(-1) / 255
            assert abs(lightness.mean() / 100 - grey.mean()) < 0.15
