"""Outputs to read: of views, object images and scenes, made without Blender."""

import os

import boto3
import pytest

from tests.integration.export import scenes, solids, surfaces, synthetic
from tests.integration.library.aws import CREDENTIALS
from tests.tools import rgw
from tests.tools.moto import s3_server

KINDS = (
    "colour", "colour-exr", "depth", "depth-exr", "depth-npy", "normal", "normal-16", "normal-exr",
    "albedo", "alpha", "metallic", "roughness", "mask",
)  # fmt: skip


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """3 objects of 8 views with every image kind that the three balls have, and one failure."""
    folder = tmp_path_factory.mktemp("library") / "out"
    return scenes.output(
        folder, scenes.recipe(images=KINDS), failed=1, source="github", license="CC0-1.0",
        metadata={"author": "someone"},
    )  # fmt: skip


@pytest.fixture(scope="session")
def surface_images(tmp_path_factory):
    return surfaces.output(tmp_path_factory.mktemp("library-omage") / "out", objects=2)


@pytest.fixture(scope="session")
def with_meshes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library-solids")
    solids.outputs(folder / "out", folder / "cond")
    return folder / "out"


@pytest.fixture(scope="session")
def rooms(tmp_path_factory):
    return synthetic.output(tmp_path_factory.mktemp("library-rooms") / "out", (0, 4), objects=2)


@pytest.fixture(scope="session", params=["moto", pytest.param("rgw", marks=pytest.mark.rgw)])
def server(request):
    """The URL of an S3 server: moto's, and a real Ceph RGW's."""
    if request.param == "moto":
        with s3_server() as url:
            yield url
        return
    try:
        with rgw.running() as running:
            # By its address, so that boto3 puts the bucket in the path.
            yield running.http.replace("localhost", "127.0.0.1")
    except rgw.Unavailable as reason:
        pytest.skip(f"NO CEPH RGW, reading from S3 is tested on moto only: {reason}")


@pytest.fixture
def bucket(server, monkeypatch):
    """A client and its empty bucket; the environment has what boto3 needs but the endpoint."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    client = boto3.session.Session().client("s3", endpoint_url=server)
    name = f"test-{os.urandom(8).hex()}"
    client.create_bucket(Bucket=name)
    return client, name


@pytest.fixture
def upload(bucket):
    """Upload a folder's files below a prefix of the bucket."""

    def start(folder, prefix):
        client, name = bucket
        for path in folder.rglob("*"):
            if path.is_file():
                key = f"{prefix}{path.relative_to(folder).as_posix()}"
                client.upload_file(str(path), name, key)

    return start
