"""A gallery written to S3, and opened from there."""

from __future__ import annotations

import json

import boto3
import pytest

from tests.integration.gallery import outputs
from tests.tools.moto import s3_server
from worker.core import keys
from worker.core.s3 import S3Options
from worker.export.source import Source
from worker.report.site import SiteOptions, build
from worker.stores import open_store

BUCKET = "gallery"
READABLE = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                   "Resource": f"arn:aws:s3:::{BUCKET}/*"}],
}  # fmt: skip
"""Lets a browser read the bucket without credentials."""


@pytest.fixture(scope="module")
def s3():
    with s3_server() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        options = S3Options(endpoint_url=url, region="us-east-1", addressing_style="path")
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(READABLE))
        yield options, client


def write(output, options, **more):
    target = open_store(f"s3://{BUCKET}/site", options)
    return build(Source(open_store(str(output))), target, SiteOptions(**more))


def test_it_opens_from_s3(browser, output, s3):
    options, client = s3
    write(output, options, pages=6, views=1)
    head = client.head_object(Bucket=BUCKET, Key="site/index.html")
    assert head["ContentType"] == "text/html; charset=utf-8"
    assert head["CacheControl"] == "no-cache"
    browser.open(f"{options.endpoint_url}/{BUCKET}/site/index.html")
    browser.seen(".sprite")
    assert len(browser.all(".card")) == len(outputs.HOSTILE) + 4
    browser.js("location.hash = arguments[0]", f"object/{keys.uid_of('models/plain.glb')}")
    browser.seen("canvas[data-drawn]")
    browser.wait(lambda: browser.js("return document.querySelector('.large').naturalWidth") > 0)
    asked = [url for url in browser.requests() if not url.startswith(("data:", "about:"))]
    assert {url.partition("/site/")[0] for url in asked} == {f"{options.endpoint_url}/{BUCKET}"}
    assert browser.said() == []


def test_it_is_written_again_in_place(output, s3):
    options, client = s3
    write(output, options, pages=6, views=1)
    page = client.get_object(Bucket=BUCKET, Key="site/data/pack-00000.js")["LastModified"]
    assert write(output, options, pages=6, views=1).objects == 9
    again = client.get_object(Bucket=BUCKET, Key="site/data/pack-00000.js")["LastModified"]
    assert again == page
    assert write(output, options, pages=0).pages == 0
