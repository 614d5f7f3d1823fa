"""Galleries of what has no cameras: samples of scenes, and object images."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.integration.export import surfaces, synthetic
from worker.core import gallery_keys
from worker.export.source import Source
from worker.report.site import SiteOptions, build, data
from worker.stores import open_store


def sampled(start, files):
    """The metadata that the worker writes beside samples."""
    document = json.loads(files["metadata.json"])
    document["samples"] = [{"idx": index} for index in range(start, start + 4)]
    camera = {"width": synthetic.SIZE, "height": synthetic.SIZE}
    document["render_worker"]["scenes"] = {"camera": camera}
    files["metadata.json"] = json.dumps(document).encode()


def pages(output, to):
    build(Source(open_store(str(output))), open_store(str(to)), SiteOptions(views=3))
    rows = data.document((to / gallery_keys.site_pack(0)).read_bytes())["rows"]
    assert [row.get("problem") for row in rows if row["outcome"] == "rendered"] == [None] * 2
    found = {}
    for row in rows:
        if row.get("page"):
            page = data.document((to / gallery_keys.site_object(row["uid"])).read_bytes())
            found[row["uid"]] = [view["pictures"]["picture"]["file"] for view in page["views"]]
            assert "thumbnail" in row
            assert page["cameras"] == []
    return found


@pytest.mark.parametrize("ending", ["png", "exr"])
def test_samples_of_scenes(tmp_path, ending):
    output = synthetic.output(
        tmp_path / "out", [0, 4, 8], ending=ending, failed=(8,), change=sampled
    )
    found = pages(output, tmp_path / "site")
    assert found.keys() == {synthetic.uid(0), synthetic.uid(4)}
    for files in found.values():
        assert len(files) == 3
        with Image.open(tmp_path / "site" / files[0]) as picture:
            assert picture.size == (synthetic.SIZE, synthetic.SIZE)
            shade = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
        wall = np.abs(shade - np.array(synthetic.WALL_SRGB)).max(axis=1) < 24
        assert wall.mean() > 0.5


def test_object_images(tmp_path, browser):
    output = surfaces.output(tmp_path / "out", objects=2)
    found = pages(output, tmp_path / "site")
    assert {len(files) for files in found.values()} == {3}
    uid = next(iter(found))
    browser.open(f"{(tmp_path / 'site/index.html').as_uri()}#object/{uid}")
    browser.seen("#object .viewer")
    browser.wait(lambda: browser.js("return document.querySelector('.large').naturalWidth") > 0)
    assert browser.all("canvas") == []
    assert browser.said() == []
