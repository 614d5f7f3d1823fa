"""The benchmarks' own arithmetic: what they would say of numbers that are known."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from PIL import Image

from bench import page, plot, result, sides
from bench.machine import Machine
from bench.measures import MEASURES, cores, quality
from bench.result import BenchError, Result, Row, at_least, at_most
from bench.timed import Ended, Steady, steady

HERE = Machine(cpu="a CPU", cores=2, memory_gb=16, system="Linux", blender="4.5", date="2026-01-01")


def test_a_ratio_is_the_median_of_rounds_so_that_one_bad_round_does_not_count():
    assert sides.ratio([2.0, 30.0, 4.2], [1.0, 1.0, 2.0]) == pytest.approx(2.1)


def test_sides_take_turns_in_alternating_order():
    seen: list[str] = []

    def side(name: str) -> float:
        seen.append(name)
        return float(len(seen))

    found = sides.rounds(2, {"a": lambda: side("a"), "b": lambda: side("b")})
    assert seen == ["a", "b", "b", "a"]
    assert found == {"a": [1.0, 4.0], "b": [2.0, 3.0]}


@pytest.mark.parametrize(("value", "met"), [(1.79, False), (1.8, True)])
def test_targets_are_judged(value, met):
    assert at_least("x", value, 1.8, "").met is met
    assert at_most("x", -value, -1.8, "").met is met


def test_psnr_of_a_known_error():
    truth = np.zeros((8, 8, 3))
    assert quality.psnr(truth + 0.1, truth) == pytest.approx(20.0)
    assert quality.psnr(truth, truth) == quality.PEAK_DB


def test_display_is_the_srgb_curve():
    assert quality.display(np.float32([0.0, 0.0031308, 0.2140411, 1.0, 7.0])) == pytest.approx(
        [0.0, 0.04045, 0.5, 1.0, 1.0], abs=1e-4
    )


def test_the_settings_compared_are_those_of_the_presets():
    published = quality.of_preset("objaverse-xl")
    assert (published.samples, published.denoise, published.width) == (128, True, 0.01)


def test_the_page_tells_misses_and_what_was_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(result, "FILE", tmp_path / "results.json")
    rows = (Row("fast", "1.00", "≥ 2", met=False), Row("slow", "9.00", "≤ 10", met=True))
    result.write({"small": Result(rows, HERE, 3.0, 90.0)})
    page.write(result.read())
    text = (tmp_path / "performance.md").read_text()
    assert "1 of 2 targets met" in text
    assert "| fast | 1.00 | ≥ 2 | **missed** |" in text
    assert "not quiet, load 3.0" in text
    assert text.count("Not measured.") == len(MEASURES) - 1
    assert HERE.sentence() in text


def test_the_plot_holds_every_curve_and_stays_small(tmp_path):
    grid = {
        quality.Setting(samples, denoise, adaptive, width): plot.Point(
            (samples + (adaptive or 20)) / 50 + denoise, 20 + 5 * np.log2(samples)
        )
        for samples in quality.SAMPLES
        for denoise, adaptive in plot.CURVES
        for width in quality.WIDTHS
    }
    path = tmp_path / "plot.png"
    plot.draw(grid, {"default": next(iter(grid))}, path)
    with Image.open(path) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    for curve in plot.CURVES.values():
        red, green, blue = (int(curve.colour[i : i + 2], 16) for i in (1, 3, 5))
        assert min(abs(r - red) + abs(g - green) + abs(b - blue) for r, g, b in colours) < 12
    assert path.stat().st_size < 100_000


def test_pictures_are_compared_on_black_and_on_white():
    half = np.array([[[0.25, 0.25, 0.25, 0.5], [0.0, 0.0, 0.0, 0.0]]], np.float32)
    black, white = quality.on_black_and_white(half, 0.0)
    assert black[0, 0, 0] == pytest.approx(quality.display(np.array(0.25)))
    assert white[0, 0, 0] == pytest.approx(quality.display(np.array(0.5)) / 2 + 0.5)
    assert (black[0, 1] == 0).all()
    assert (white[0, 1] == 1).all()


def test_the_steady_state_is_while_all_children_are_at_work():
    alone = [Ended(end - 1.0, end, 0.0, 1.5, end / 10) for end in (1.0, 2.0, 3.0)]
    assert steady(alone, 1) == Steady(1.0, 1.5, pytest.approx(0.1))
    first = [(0.0, 1.0), (2.0, 4.0), (4.0, 6.0)]
    second = [(0.0, 3.0), (3.0, 5.0), (5.0, 15.0)]
    spans = sorted([*first, *second], key=lambda span: span[1])
    ended = [Ended(*span, 0.0, 1.5, span[1] / 10) for span in spans]
    found = steady(ended, 2)  # from 3.0 to 6.0, when one of the two has no object left
    count = 0.5 + 1.0 + 1.0 + 0.1  # of four objects, two are at work before or after it
    assert found.object_s == pytest.approx(3.0 / count)
    assert found.render_cpu_s == pytest.approx(1.5)
    assert found.worker_cpu_s == pytest.approx(0.3 / count)
    assert found.over_bound(2) == pytest.approx(2 * 3.0 / count / 1.5)
    with pytest.raises(BenchError, match="too few"):
        steady(ended, 4)


@pytest.mark.parametrize("parts", [cores.Parts(0.2, 2.0), cores.Parts(0.0, 1.0)])
def test_the_parts_of_an_object_follow_from_two_runs(parts):
    found = cores.parts_of(parts.one_child(2), parts.pinned(2))
    assert msgspec.structs.astuple(found) == pytest.approx((parts.serial, parts.parallel))
    assert parts.one_child(16) == pytest.approx(parts.serial + parts.parallel / 16)
