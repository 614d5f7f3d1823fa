"""What a child leaves: read in one place, flat, and not believed."""

import dataclasses
import os

import numpy as np
import OpenEXR
import pytest

from tests.raw_views import rendered_object, write_all_passes, write_passes
from worker import presets
from worker.contract.recipe import IMAGES
from worker.contract.render_passes import COMBINED, DEPTH, NOTHING_DEPTH
from worker.core.errors import RenderFailed
from worker.pack import raw as raw_files
from worker.pack.kinds import colour
from worker.pack.pack import pack
from worker.pack.raw import RawView

SIZE = (6, 5)


@pytest.fixture
def raw(tmp_path):
    """`raw(window, size)`: a view of 6x5 pixels with a file of `size`, said to hold `window`."""
    recipe = presets.load("default", ["views=1", f"resolution={list(SIZE)}"])
    made = rendered_object(tmp_path / "raw", recipe)
    (view,) = made.answer.views

    def of(window, size):
        width, height = size
        rgba = np.full((height, width, 4), 0.5, np.float32)
        z = np.full((height, width, 1), 2.0, np.float32)
        write_passes(made.scratch / view.files["passes"], {COMBINED: rgba, DEPTH: z})
        return RawView(dataclasses.replace(view, window=window), made.scratch), recipe

    return of


def test_around_the_window_nothing_is_seen(raw):
    view, recipe = raw([1, 2, 3, 2], (3, 2))
    inside = np.zeros(SIZE[::-1], bool)
    inside[2:4, 1:4] = True
    assert np.array_equal(view.layer(COMBINED)[..., 3], np.where(inside, 0.5, 0))
    assert np.array_equal(view.layer(DEPTH)[..., 0], np.where(inside, 2, NOTHING_DEPTH))
    assert np.array_equal(colour.encode(view, recipe)[..., 3] > 0, inside)


def test_a_whole_frame_needs_no_window(raw):
    for window in ([], [0, 0, *SIZE]):
        view, _ = raw(window, SIZE)
        assert view.layer(DEPTH).shape == (5, 6, 1)


@pytest.mark.parametrize(
    "window",
    [[0, 0, 7, 5], [-1, 0, 3, 3], [0, 3, 3, 3], [0, 0, 0, 3], [0, 0, 3], [0, 0, 3, 3, 3],
     [1 << 62, 0, 1 << 62, 1]],
)  # fmt: skip
def test_a_window_outside_the_frame_fails_the_object(raw, window):
    view, _ = raw(window, (3, 3))
    with pytest.raises(RenderFailed, match="render region outside its frame"):
        view.layer(COMBINED)


def test_a_file_of_another_size_than_the_window_fails_the_object(raw):
    view, _ = raw([1, 1, 3, 3], SIZE)
    with pytest.raises(RenderFailed, match="is 6x5, not 3x3"):
        view.layer(COMBINED)


LIES = {
    "compressed": {"compression": OpenEXR.ZIP_COMPRESSION},
    "tiled": {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()},
}


@pytest.mark.parametrize("header", LIES)
def test_a_file_that_would_need_a_decoder_fails_the_object(raw, tmp_path, header):
    view, _ = raw([], SIZE)
    rgba = np.full((*SIZE[::-1], 4), 0.5, np.float32)
    channels = {f"ViewLayer.Combined.{name}": rgba[..., 0].copy() for name in "RGBA"}
    path = tmp_path / "raw" / view.view.files["passes"]
    said = {"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File({**said, **LIES[header]}, channels).write(str(path))
    with pytest.raises(RenderFailed, match=f"the rendered file {path.name} is "):
        view.layer(COMBINED)


def replaced_by_a_link(path, target):
    target.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(target)


def replaced_by_a_pipe(path, target):
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("replace", [replaced_by_a_link, replaced_by_a_pipe])
def test_a_file_replaced_after_it_was_looked_at_is_not_followed(
    raw, tmp_path, monkeypatch, replace
):
    """No link is followed, and a pipe keeps nobody waiting."""
    view, _ = raw([], SIZE)
    look = raw_files.plain_file

    def looked(*arguments):
        path = look(*arguments)
        replace(path, tmp_path / "elsewhere")
        return path

    monkeypatch.setattr(raw_files, "plain_file", looked)
    with pytest.raises(RenderFailed, match=r"cannot read 000\.exr|not a regular file"):
        view.layer(COMBINED)


@pytest.mark.parametrize("transform", ["standard", "filmic"])
def test_nothing_else_reads_what_a_child_left(tmp_path, monkeypatch, transform):
    """The files are where only `plain_file` says: packing finds them through it, or not at all."""
    kinds = [kind for kind in IMAGES if kind != "depth-f16"]
    recipe = presets.load(
        "default",
        ["views=2", "resolution=[24,16]", f"colour.view_transform={transform}", f"images={kinds}"],
    )
    made = rendered_object(tmp_path / "raw", recipe)
    write_all_passes(made, recipe)
    there = pack(made, recipe, tmp_path)
    made.scratch.rename(tmp_path / "moved")
    monkeypatch.setattr(
        raw_files, "plain_file", lambda files, kind, *_: tmp_path / "moved" / files[kind]
    )
    assert pack(made, recipe, tmp_path).sha256 == there.sha256
