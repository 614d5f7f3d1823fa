"""Statistics of views: against plain arithmetic, and hashes against the imagehash library."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.raw_views import rendered_object, write_exr
from worker import presets
from worker.pack import phash, statistics
from worker.pack.pack import pack

IMAGEHASH = (
    "da0f700ff0f08ef0", "9fea61aeee018e81", "8a7728ff7780c780", "9e7568f76582a688",
    "9e0079ff21baa68a", "9e0079ff21fa268a",
)  # fmt: skip
"""imagehash 4.3.2's phash of `drawn(0)` to `drawn(5)`."""


def grey(picture):
    (found,) = phash.greys(picture[None])
    return found


def drawn(number):
    y, x = np.mgrid[0:96, 0:120]
    disc = (x - 60) ** 2 + (y - 48) ** 2 < 900 + 90 * number
    waves = np.sin(x * (number + 1) / 11) * np.cos(y / (7 + number)) + disc
    shade = np.clip(waves * 90 + 60, 0, 255).astype(np.uint8)
    return np.stack([shade, shade // 2, 255 - shade], -1)


def distance(one, other):
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_the_hash_is_that_of_imagehash():
    assert tuple(phash.of(grey(drawn(number))) for number in range(6)) == IMAGEHASH


def test_a_hash_outlives_noise_scaling_and_lossy_compression():
    pixels = drawn(2)
    before = phash.of(grey(pixels))
    small = np.asarray(Image.fromarray(pixels).resize((80, 64)))
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=40)
    lossy = np.asarray(Image.open(buffer))
    noisy = np.clip(pixels + np.random.default_rng(0).normal(0, 8, pixels.shape), 0, 255)
    for changed in (small, lossy, noisy.astype(np.uint8), pixels // 2):
        assert distance(phash.of(grey(changed)), before) <= 4
    assert distance(phash.of(grey(drawn(3))), before) > 10


def test_noise_decides_no_bit_of_a_steady_hash():
    """A picture with an axis of symmetry: half of its coefficients are 0, plus the noise."""
    y, x = np.mgrid[-1:1:96j, -1:1:96j]
    vase = (np.abs(x) < 0.3 + 0.2 * np.cos(4 * y)) * 150.0
    rng = np.random.default_rng(0)

    def rendered():
        noisy = np.repeat((250 - vase + rng.normal(0, 3, vase.shape))[..., None], 3, 2)
        return grey(np.clip(noisy, 0, 255).astype(np.uint8))

    first, *others = ([rendered() for _ in range(4)] for _ in range(20))
    steady = [distance(phash.steady(first), phash.steady(other)) for other in others]
    assert max(steady) <= 2
    plain = [distance(phash.of(first[0]), phash.of(other[0])) for other in others]
    assert max(plain) > 4
    assert distance(phash.steady(first), phash.steady([grey(drawn(0))])) > 8


def test_a_steady_hash_is_of_the_mean_and_of_any_number_of_views():
    greys = [grey(drawn(number)) for number in range(4)]
    assert phash.steady(greys) == phash.steady(greys * 50)
    vast = np.zeros((32, 32), np.uint8)
    vast[:16] = 255  # the largest coefficients
    assert phash.steady([vast] * 10_000) == phash.steady([vast])
    assert phash.steady([np.full((32, 32), 255, np.uint8)]) == "8000000000000000"


def test_clear_pixels_are_white_to_the_hash():
    pixels = np.dstack([drawn(1), np.full((96, 120), 255, np.uint8)])
    pixels[:40, :, 3] = 0
    page = pixels[..., :3].copy()
    page[:40] = 255
    assert phash.of(grey(pixels)) == phash.of(grey(page))


def measured(shown, picture):
    (found,) = statistics.of_views(shown[None], None if picture is None else picture[None])
    return found


def test_brightness_is_the_luma_of_the_objects_pixels():
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (40, 30, 4), np.uint8)
    pixels[5, :7, :3] = 0
    shown = rng.random((40, 30)) < 0.5
    luma = (pixels[..., :3] @ np.array([0.2126, 0.7152, 0.0722]))[shown] / 255
    found = measured(shown, pixels).look
    assert found.brightness_mean == pytest.approx(luma.mean(), abs=1e-6)
    assert found.brightness_std == pytest.approx(luma.std(), abs=1e-6)
    colours = pixels[..., :3][shown]
    assert found.clipped == pytest.approx((colours.max(axis=1) == 255).mean(), abs=1e-6)
    assert found.black == pytest.approx((colours.max(axis=1) == 0).mean(), abs=1e-6)
    assert found.black > 0


def test_a_flat_picture_has_no_spread_and_a_large_one_does_not_overflow():
    shown = np.ones((2000, 3000), bool)
    flat = measured(shown, np.full((2000, 3000, 3), 255, np.uint8)).look
    assert (flat.brightness_mean, flat.brightness_std) == (1.0, 0.0)
    assert (flat.clipped, flat.black) == (1.0, 0.0)
    halves = np.zeros((2000, 3000, 3), np.uint8)
    halves[:1000] = 255
    split = measured(shown, halves).look
    assert (split.brightness_mean, split.brightness_std) == (0.5, 0.5)
    assert (split.clipped, split.black) == (0.5, 0.5)


@pytest.mark.parametrize("at", [(0, 3), (7, 3), (3, 0), (3, 9)])
def test_the_border_is_the_outermost_pixels(at):
    shown = np.zeros((8, 10), bool)
    shown[1:7, 1:9] = True
    assert not measured(shown, None).touches_border
    shown[at] = True
    assert measured(shown, None).touches_border


def zipped(tmp_path, *overrides, change=lambda _: None):
    recipe = presets.load("default", ["views=3", "resolution=[48,32]", *overrides])
    raw = rendered_object(tmp_path / "raw", recipe)
    change(raw)
    packed = pack(raw, recipe, tmp_path)
    with zipfile.ZipFile(packed.path) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    return packed, files, json.loads(files["metadata.json"])["render_worker"]["statistics"]


def test_the_metadata_describes_the_pictures_in_the_zip(tmp_path):
    packed, files, told = zipped(tmp_path)
    assert told["picture"] == "colour"
    assert list(told["views"]) == ["000", "001", "002"]
    for name, view in told["views"].items():
        pixels = np.asarray(Image.open(io.BytesIO(files[f"{name}.png"])))
        shown = pixels[..., 3] > 0
        luma = (pixels[..., :3] @ np.array([0.2126, 0.7152, 0.0722]))[shown] / 255
        assert view["coverage"] == pytest.approx(shown.mean(), abs=1e-6)
        assert view["brightness_mean"] == pytest.approx(luma.mean(), abs=1e-6)
        assert view["phash"] == phash.of(grey(pixels))
        assert view["touches_border"] is False
    whole = told["object"]
    means = [view["brightness_mean"] for view in told["views"].values()]
    assert whole["brightness_mean"] == pytest.approx(np.mean(means), abs=1e-6)
    assert (whole["blank_views"], whole["border_views"]) == (0, 0)
    assert whole["phash"] == packed.statistics.phash
    assert len(whole["phash"]) == 16


def test_a_view_that_shows_nothing_has_no_brightness(tmp_path):
    def blank(raw):
        write_exr(tmp_path / "raw" / "001.exr", np.zeros((32, 48, 4)), extra=["Depth.Z"])
        full = np.ones((32, 48, 4), np.float32)
        write_exr(tmp_path / "raw" / "002.exr", full, extra=["Depth.Z"])

    _, _, told = zipped(tmp_path, change=blank)
    assert told["views"]["001"] == {"coverage": 0.0, "touches_border": False}
    assert told["views"]["002"]["touches_border"] is True
    assert told["views"]["002"]["clipped"] == 1.0
    whole = told["object"]
    assert (whole["blank_views"], whole["border_views"], whole["clipped_max"]) == (1, 1, 1.0)
    assert whole["coverage_min"] == 0.0


def test_without_a_picture_only_the_shape_is_known(tmp_path):
    packed, _, told = zipped(tmp_path, 'images=["depth-npy","mask"]')
    assert told["picture"] is None
    assert told["views"]["000"].keys() == {"coverage", "touches_border"}
    assert told["object"].keys() == {"coverage_min", "coverage_mean", "blank_views", "border_views"}
    assert packed.statistics.phash is None


def test_a_picture_on_a_background_is_measured_as_it_is(tmp_path):
    _, files, told = zipped(tmp_path, "colour.background=black")
    pixels = np.asarray(Image.open(io.BytesIO(files["000.png"])))
    assert pixels.shape[2] == 3
    assert told["views"]["000"]["phash"] == phash.of(grey(pixels))
