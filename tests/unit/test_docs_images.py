"""docs/images.md: every kind is there, its picture too, and its lines read what was stored."""

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.raw_views import rendered_object, write_passes
from tests.unit.test_pack_kinds import SIZE, surface
from worker import presets
from worker.codecs import srgb
from worker.contract.recipe import IMAGES
from worker.pack.pack import pack

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "images.md").read_text()
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
SECTIONS = dict(re.findall(r"^### ([a-z0-9-]+)\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))
COLOUR = srgb.encode(np.array([0.8, 0.4, 0.1], np.float32)) / 255
NORMAL = np.array([0.6, 0.0, 0.8])
LINEAR = (0.8, 0.4, 0.1, 1)
EXPECTED = {
    # kind: (where nothing is seen, of the surface, tolerance)
    "colour": ((0, 0, 0, 0), (*COLOUR, 1), 1e-9),
    "colour-exr": ((0, 0, 0, 0), LINEAR, 1e-3),
    "depth": (np.inf, 2.5, 5 / 65535),
    "depth-exr": (np.inf, 2.5, 0),
    "depth-npy": (np.inf, 2.5, 0),
    "depth-f16": (0, 2.5, 0),
    "normal": ((-1, -1, -1), NORMAL, 1 / 255),
    "normal-16": ((-1, -1, -1), NORMAL, 1 / 65535),
    "normal-exr": ((0, 0, 0), NORMAL, 1e-6),
    "albedo": ((0, 0, 0, 0), (*COLOUR, 1), 1e-9),
    "alpha": (0, 0.25, 1 / 65535),
    "metallic": (0, 1, 0),
    "roughness": (0, 0.5, 1 / 255),
    "mask": (False, True, 0),
    "index-object": (0, 3, 0),
    "index-material": (0, 7, 0),
    "position-exr": ((np.nan,) * 3, (0.1, -0.2, 0.3), 1e-6),
}


def test_the_page_has_every_kind():
    assert set(SECTIONS) == set(IMAGES) == set(EXPECTED)


@pytest.mark.parametrize(
    ("kind", "more"),
    [*((kind, []) for kind in IMAGES), ("depth", ["depth.invalid=0", "depth.near=1"])],
)
def test_its_lines_read_the_image_back(tmp_path, monkeypatch, kind, more):
    recipe = presets.load(
        "default",
        [f'images=["{kind}"]', "views=1", f"resolution={list(SIZE)}", "colour.exposure=0", *more],
    )
    raw = rendered_object(tmp_path / "raw", recipe)
    write_passes(raw.scratch / raw.answer.views[0].files["passes"], surface())
    with zipfile.ZipFile(pack(raw, recipe, tmp_path).path) as zipped:
        zipped.extractall(tmp_path)
    monkeypatch.chdir(tmp_path / raw.fetched.ref.uid)
    names = {}
    exec(CODE.search(PAGE).group(1), names)  # the page's own lines
    exec(CODE.search(SECTIONS[kind]).group(1), names)
    value = names["value"]
    nothing, something, tolerance = EXPECTED[kind]
    assert value.shape[:2] == SIZE[::-1]
    for column, expected in ((0, nothing), (4, something), (5, something)):
        wanted = np.broadcast_to(np.asarray(expected, float), value[:, column].shape)
        np.testing.assert_allclose(
            value[:, column].astype(float), wanted, rtol=0, atol=tolerance + 1e-12
        )


def test_its_pictures_are_there_and_small():
    picture = re.compile(r"!\[[^]]+\]\((images/[^)]+)\)")
    assert len(picture.findall(PAGE)) >= 12
    shown = {name for page in DOCS.glob("*.md") for name in picture.findall(page.read_text())}
    assert {DOCS / name for name in shown} == set((DOCS / "images").iterdir())
    assert sum((DOCS / name).stat().st_size for name in shown) < 1_000_000
