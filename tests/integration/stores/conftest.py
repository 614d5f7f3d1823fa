"""The stores under test: a folder, moto's S3 and a real Ceph RGW over http and https."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from tests.tools import rgw as gateways
from tests.tools.moto import s3_server
from tests.tools.rgw import Rgw
from worker.core.s3 import S3Options, client
from worker.stores import Store, open_store

MakeStore = Callable[[], Store]
"""Another handle on the same, at first empty, store."""


@pytest.fixture(scope="session")
def rgw() -> Iterator[Rgw]:
    try:
        with gateways.running() as running:
            yield running
    except gateways.Unavailable as reason:
        pytest.skip(f"NO CEPH RGW, S3 is tested on moto only: {reason}")


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    with s3_server() as url:
        yield url


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The credentials that both servers take, and nothing of the machine's own.

    Clients are kept by their options alone, so none outlives the environment it was made in.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", gateways.ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", gateways.SECRET_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    client.cache_clear()
    yield
    client.cache_clear()


def s3_store(endpoint: str, monkeypatch: pytest.MonkeyPatch, ca: Path | None = None) -> MakeStore:
    if ca is not None:
        monkeypatch.setenv("AWS_CA_BUNDLE", str(ca))
    bucket = f"test-{uuid4().hex}"
    boto3.session.Session().client(
        "s3", endpoint_url=endpoint, region_name="us-east-1"
    ).create_bucket(Bucket=bucket)
    options = S3Options(endpoint_url=endpoint, region="us-east-1", addressing_style="path")
    return lambda: open_store(f"s3://{bucket}/an/output", options)


S3_SERVERS = [
    "moto",
    pytest.param("rgw-http", marks=pytest.mark.rgw),
    pytest.param("rgw-https", marks=pytest.mark.rgw),
]


def _on_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MakeStore:
    request.getfixturevalue("aws")
    if request.param == "moto":
        return s3_store(request.getfixturevalue("moto"), monkeypatch)
    running: Rgw = request.getfixturevalue("rgw")
    if request.param == "rgw-http":
        return s3_store(running.http, monkeypatch)
    return s3_store(running.https, monkeypatch, running.ca)


@pytest.fixture(params=["folder", *S3_SERVERS])
def make_store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MakeStore:
    if request.param == "folder":
        return lambda: open_store(str(tmp_path / "an" / "output"))
    return _on_server(request, monkeypatch)


@pytest.fixture(params=S3_SERVERS)
def make_s3_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> MakeStore:
    return _on_server(request, monkeypatch)


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store()
