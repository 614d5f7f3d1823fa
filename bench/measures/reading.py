"""Measures how fast `render_worker` reads an output, against reading its zips by hand."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from bench import sides
from bench.result import BenchError, Row, at_least
from bench.sides import Settings
from render_worker import open_output

NOTE = (
    "All views of all objects of an output on disk, each image decoded to float32 with its camera, "
    "in one thread: `render_worker`, against zipfile, json and Pillow, used as docs/images.md "
    "shows. Each reads the output five times; the two take turns, and the ratio is the median of "
    "seven rounds."
)
CASES = ((128, '["colour"]'), (512, '["colour","depth"]'))
"""Size in pixels, and image kinds."""
TARGET = 0.9
TIMES = 5
"""How often a round reads the output."""


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure the ratio of objects per hour, by hand and by the library."""
    count, rounds = (2, 1) if quick else (8, 7)
    models = scratch / "models"
    sides.make_models(models, "small", count)
    rows = []
    for size, images in CASES:
        output = scratch / f"rendered-{size}"
        sides.worker(models, output, Settings(12, size, 1), f"--set=images={images}")
        if by_hand(output) != by_library(output):
            raise BenchError("the two ways of reading do not see the same")
        found = sides.rounds(
            rounds, {"hand": _timed(by_hand, output), "library": _timed(by_library, output)}
        )
        hand, library = (TIMES * count * 3600 / median(found[name]) for name in ("hand", "library"))
        rows.append(
            at_least(
                f"objects per hour, 12 views of {size}x{size}, {images}, against by hand",
                sides.ratio(found["hand"], found["library"]),
                TARGET,
                f"{library:,.0f} by the library, {hand:,.0f} by hand",
            )
        )
    return rows


def by_library(output: Path) -> list[float]:
    """A number per image, which shows that it was read."""
    seen = []
    for found in open_output(output):
        for view in found.views:
            pose = view.c2w_opencv
            seen.extend(_glance(view.image(kind), view.K, pose) for kind in view.kinds)
    return sorted(seen)


def by_hand(output: Path) -> list[float]:
    """As `by_library`."""
    seen = []
    flip = np.diag([1.0, -1.0, -1.0, 1.0])
    for path in sorted((output / "renders").glob("*.zip")):
        with zipfile.ZipFile(path) as opened:
            cameras = json.loads(opened.read(f"{path.stem}/cameras.json"))
            about = json.loads(opened.read(f"{path.stem}/metadata.json"))["render_worker"]
            for view in cameras["views"]:
                k, pose = np.array(view["K"]), np.array(view["camera_to_world"]) @ flip
                for kind, name in view["files"].items():
                    data = io.BytesIO(opened.read(f"{path.stem}/{name}"))
                    stored = np.asarray(Image.open(data))
                    if kind == "colour":
                        value = stored / np.float32(255)
                    else:
                        near, far = view["facts"]["depth"]["near"], view["facts"]["depth"]["far"]
                        nothing = stored == about["images"]["depth"]["invalid"]
                        depth = near + (far - near) * (stored / 65535)
                        value = np.where(nothing, np.inf, depth).astype(np.float32)
                    seen.append(_glance(value, k, pose))
    return sorted(seen)


def _glance(value: Any, k: Any, pose: Any) -> float:
    """A number that depends on an image and its camera, and takes no time."""
    middle = value[value.shape[0] // 2, value.shape[1] // 2]
    return float(np.sum(np.where(np.isfinite(middle), middle, 9)) + k[0, 0] + pose[0, 3])


def _timed(read: Callable[[Path], list[float]], output: Path) -> Callable[[], float]:
    def once() -> float:
        begin = time.monotonic()
        for _ in range(TIMES):
            read(output)
        return time.monotonic() - begin

    return once
