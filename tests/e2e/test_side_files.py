"""A model on S3 looks as it does in its folder: what it names beside it comes too."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.command_line import run_worker
from tests.e2e import crash
from tests.tools.moto import s3_server
from worker.core import keys, s3
from worker.core.s3 import S3Options

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
KEY = "models/c.obj"
FILES = {
    KEY: b"mtllib c.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0 0\nusemtl red\n"
    b"f 1/1 2/1 3/1\nf 1/1 2/1 4/1\n",
    "models/c.mtl": b"newmtl red\nmap_Kd tex/red.png\n",
    "list.txt": KEY.encode(),
}


def picture(colour):
    out = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def options(monkeypatch):
    """An S3 server with a list, and a model with a library and a picture beside it."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with s3_server() as url:
        made = S3Options(endpoint_url=url, region="us-east-1")
        client = s3.client(made)
        client.create_bucket(Bucket="bucket")
        for key, body in {**FILES, "models/tex/red.png": picture((255, 0, 0))}.items():
            client.put_object(Bucket="bucket", Key=key, Body=body)
        yield made


def test_a_model_on_s3_has_its_colours(options, tmp_path):
    run_worker(
        "run", "s3://bucket/list.txt", "--output", tmp_path, *crash.TINY,
        "--s3-endpoint", options.endpoint_url, "--s3-region", "us-east-1",
        **CREDENTIALS,
    )  # fmt: skip
    (path,) = Path(tmp_path, "renders").glob("*.zip")
    with zipfile.ZipFile(path) as opened, opened.open(keys.member(path.stem, "000.png")) as file:
        pixels = np.asarray(Image.open(file).convert("RGBA")).reshape(-1, 4)
    shown = pixels[pixels[:, 3] == 255].astype(int)
    assert len(shown)
    assert (shown[:, 0] > 2 * shown[:, 1:3].max(axis=1)).all()
