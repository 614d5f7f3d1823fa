"""What a child has rendered, read from its raw files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR


def pixels(path: Path) -> np.ndarray:
    """The combined pass of a raw file: linear premultiplied RGBA (H,W,4), row 0 at the top."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = file.parts[0].channels
        names = {name.rsplit(".", 1)[1]: name for name in channels if ".Combined." in name}
        return np.stack([channels[names[letter]].pixels for letter in "RGBA"], axis=-1)


def views_of(answer: dict, scratch: Path) -> list[np.ndarray]:
    """Every view's pixels; fails the test when the answer is not Rendered."""
    assert answer["type"] == "Rendered", answer
    return [framed(pixels(scratch / view["files"]["passes"]), view) for view in answer["views"]]


def framed(picture: np.ndarray, view: dict, background: float = 0.0) -> np.ndarray:
    """A raw picture (h,w,C) of a view's window, in the view's frame (H,W,C)."""
    left, top, width, height = view["window"]
    frame = np.full((view["height"], view["width"], picture.shape[2]), background, picture.dtype)
    frame[top : top + height, left : left + width] = picture
    return frame
