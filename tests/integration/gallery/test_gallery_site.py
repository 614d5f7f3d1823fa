"""The files of a gallery: what is written anew, bounds, pictures, what is vendored."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from tests.integration.export import scenes
from tests.integration.gallery import outputs
from tests.tools.reading_store import ReadingStore
from worker.core import gallery_keys, keys
from worker.core.errors import ConfigurationError
from worker.export.source import Source
from worker.export.zips import RenderZip
from worker.report.site import SiteOptions, build, data, readable
from worker.stores import open_store

SITE = Path(__file__).parents[3] / "worker/report/site"


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return scenes.output(
        tmp_path_factory.mktemp("views") / "out", scenes.recipe(views=4, size=32), failed=1
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return outputs.shown(tmp_path_factory.mktemp("shown") / "out", views=1)


@pytest.fixture
def to(tmp_path):
    return tmp_path / "site"


def write(output, to, **options):
    """Write a gallery; how many zips it read."""
    store = ReadingStore(output)
    build(Source(store), open_store(str(to)), SiteOptions(**options))
    return sum(key.startswith(keys.RENDERS) for key in store.reads)


def document(to, key):
    return data.document((to / key).read_bytes())


def test_what_has_not_changed_is_not_read_again(output, to):
    assert write(output, to) == 3
    before = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
    assert write(output, to) == 0
    assert {path: path.read_bytes() for path in to.rglob("*") if path.is_file()} == before
    assert write(output, to, views=2) == 3
    assert len(list(to.glob(f"objects/{scenes.uids(1)[0]}/*-colour.webp"))) == 4


def test_an_interrupted_gallery_goes_on(output, to, monkeypatch):
    monkeypatch.setattr("worker.report.site.builder.PACK", 2)
    write(output, to)
    (to / gallery_keys.site_pack(1)).unlink()
    assert 0 < write(output, to) < 3
    assert document(to, gallery_keys.SITE_SET)["objects"] == 4


def test_options_bound_what_is_written(output, to):
    write(output, to, objects=2, pages=1, views=3)
    told = document(to, gallery_keys.SITE_SET)
    assert (told["objects"], told["more"], told["packs"]) == (2, True, 1)
    pages = list((to / "objects").iterdir())
    assert len(pages) == 1
    names = {path.name for path in pages[0].iterdir()}
    assert names == {"object.js"} | {
        f"{number}-{kind}.webp"
        for number in ("000", "001", "002")
        for kind in ("colour", "depth", "mask")
    }
    page = document(to, gallery_keys.site_object(pages[0].name))
    assert (len(page["views"]), len(page["cameras"]), page["of"]) == (3, 4, 4)


def test_points_lie_on_the_surface(output, to):
    write(output, to)
    cloud = document(to, gallery_keys.site_object(scenes.uids(1)[0]))["points"]
    import base64

    grid = np.frombuffer(base64.b64decode(cloud["xyz"]), "<u2").reshape(-1, 3)
    places = np.array(cloud["low"]) + grid / 65535 * np.array(cloud["size"])
    assert len(places) == cloud["count"] > 500
    assert np.median(scenes.to_surface(places)) < 0.01


def test_a_page_of_another_program_is_not_overwritten(output, to):
    to.mkdir()
    (to / "index.html").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"has an index\.html that is not a gallery's"):
        write(output, to)
    assert [path.name for path in to.iterdir()] == ["index.html"]


def test_a_folder_without_renders_is_refused(tmp_path, to):
    with pytest.raises(ConfigurationError, match=r"no job\.json"):
        write(tmp_path / "nothing", to)
    assert not to.exists()


def test_every_image_kind_has_readable_colours(shown):
    assert readable.KINDS.keys() == keys.IMAGE_ENDINGS.keys()
    source = Source(open_store(str(shown)))
    uid = keys.uid_of("models/plain.glb")
    zipped = RenderZip(uid, (shown / keys.render_zip(uid)).read_bytes(), source.recipe)
    view = zipped.views[0]
    made = {kind: readable.picture(zipped, view, kind).pixels for kind in outputs.KINDS}
    seen = made["mask"][..., 0] > 0
    assert 0 < seen.sum() < seen.size
    for kind, pixels in made.items():
        assert pixels.dtype == np.uint8
        assert pixels.shape[:2] == seen.shape
        assert len(np.unique(pixels[seen].reshape(-1, pixels.shape[-1]), axis=0)) >= (
            1 if kind in {"mask", "alpha", "metallic", "roughness"} else 2
        ), kind
    for kind in ("depth", "depth-exr", "depth-npy", "position-exr", "index-object"):
        assert np.array_equal(made[kind][..., 3] > 0, seen), kind
    near = made["depth"][seen].astype(int)
    assert (near[:, 0] - near[:, 2]).max() > 60  # some red, the nearest
    assert (near[:, 2] - near[:, 0]).max() > 60  # some blue, the farthest


def test_depths_of_every_precision_look_the_same(shown):
    source = Source(open_store(str(shown)))
    uid = keys.uid_of("models/plain.glb")
    zipped = RenderZip(uid, (shown / keys.render_zip(uid)).read_bytes(), source.recipe)
    depths = [
        readable.picture(zipped, zipped.views[0], kind).pixels.astype(int)
        for kind in ("depth", "depth-exr", "depth-npy")
    ]
    assert max(np.abs(depths[0] - other).max() for other in depths[1:]) <= 2


def test_a_damaged_zip_is_listed_with_its_problem(shown, to):
    write(shown, to, pages=0)
    rows = {row["uid"]: row for row in document(to, gallery_keys.site_pack(0))["rows"]}
    lost = rows[keys.uid_of("models/lost.glb")]
    assert "is not a complete zip" in lost["problem"]
    assert "thumbnail" not in lost
    failed = rows[keys.uid_of("models/bad.glb")]
    assert (failed["code"], failed["attempts"], failed["license"]) == ("import", 2, "by-nc")


def test_what_is_vendored_is_what_was_published_and_has_its_licence():
    listed = (SITE / "vendor/SHA256SUMS").read_text().split()
    sums = dict(zip(listed[1::2], listed[::2], strict=True))
    files = {path.name for path in (SITE / "vendor").iterdir()} - {"SHA256SUMS"}
    assert sums.keys() == files == {"three.min.js", "three.LICENSE.txt"}
    for name, wanted in sums.items():
        assert hashlib.sha256((SITE / "vendor" / name).read_bytes()).hexdigest() == wanted
    assert "MIT" in (SITE / "vendor/three.LICENSE.txt").read_text()
    pinned = re.search(
        r'"three": "0\.(\d+)\.0"', (SITE.parents[2] / "tools/three/package.json").read_text()
    )
    assert f'"{pinned[1]}"' in (SITE / "vendor/three.min.js").read_text()


def test_the_page_loads_no_module_and_nothing_from_elsewhere():
    page = (SITE / "pages/index.html").read_text()
    assert 'type="module"' not in page
    assert "connect-src 'none'" in page
    scripts = re.findall(r'<script defer src="assets/([a-z]+\.js)"></script>', page)
    assert page.count("<script") == len(scripts)
    assert set(scripts) == {path.name for path in (SITE / "pages").glob("*.js")}
    for path in (SITE / "pages").glob("*.js"):
        text = path.read_text()
        assert len(text.splitlines()) <= 400
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                    "fetch(", "XMLHttpRequest", "import "):  # fmt: skip
            assert way not in text, (path.name, way)
