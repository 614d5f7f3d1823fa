"""From one object to a trained field: python -m examples.nerf MODEL --to FOLDER.

Renders the object with the preset laptop.toml, exports it in the layout of NeRF's synthetic
scenes, trains on its training views, and measures on all others.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError:
    sys.exit("torch is not installed: make nerf installs it")

from examples.nerf import film, measuring, scene, training
from examples.nerf.field import Field
from examples.nerf.scene import Array
from render_worker import open_output
from worker import presets

PRESET = Path(__file__).parent / "laptop.toml"
EVERY_S = 5.0
"""Seconds between lines of progress."""


def main() -> None:
    """Run all steps. Ends with the exit status of a step of the worker that failed."""
    options = _options()
    out, scenes = options.to / "out", options.to / "scenes"
    print(f"1/4 rendering {presets.load(str(PRESET)).summary}", flush=True)
    _worker("run", str(options.model), "--output", str(out), "--preset", str(PRESET),
            "--device", "cpu")  # fmt: skip
    print("2/4 exporting, in the layout of NeRF's synthetic scenes", flush=True)
    _worker("export", "nerf", "--input", str(out), "--to", str(scenes))
    (rendered,) = open_output(out)
    folder = scenes / rendered.uid

    settings = training.Settings()
    print(f"3/4 training on {torch.get_num_threads()} threads", flush=True)
    begun = time.monotonic()
    field = training.train(scene.read(folder, "train"), settings, _lines(begun))
    seconds = time.monotonic() - begun

    print("4/4 measuring the held-out views, and filming the ring", flush=True)
    depth = np.stack([view.depth for view in rendered.splits["test"]])
    report = {
        "object": rendered.name,
        "trained_on": {"views": len(rendered.splits["train"]), "seconds": round(seconds)},
        "background": "white, in both images",
        **_measure(field, folder, depth, options.to / "turntable.gif"),
    }
    (options.to / "report.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(json.dumps(report, indent=2))
    print(f"{options.to}/turntable.gif shows the ring, {options.to}/report.json has the numbers")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.nerf", description=__doc__)
    parser.add_argument("model", type=Path, help="one model, such as samples/knot.ply")
    parser.add_argument("--to", type=Path, required=True, help="the folder that everything goes to")
    return parser.parse_args()


def _worker(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "worker", *arguments], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def _lines(begun: float) -> Callable[[int, int, float], None]:
    """Prints progress, now and then."""
    last = [begun]

    def line(done: int, total: int, db: float) -> None:
        now = time.monotonic()
        if now - last[0] >= EVERY_S or done == total:
            last[0] = now
            left = (now - begun) / done * (total - done)
            print(f"    step {done} of {total}: {db:.1f} dB of training rays, "
                  f"about {left:.0f} s to go", flush=True)  # fmt: skip

    return line


def _measure(field: Field, folder: Path, depth: Array, turntable: Path) -> dict[str, object]:
    """The numbers of the held-out views; writes the film of those on the ring."""
    found, all_of_them = {}, []
    for split, name in (("val", "held_out_drawn"), ("test", "held_out_ring")):
        views = scene.read(folder, split)
        shown = training.show(field, views)
        quality = measuring.quality(shown, views)
        found[name] = quality.summary()
        all_of_them.append(quality)
    finite = depth[np.isfinite(depth)]
    near, far = float(finite.min()), float(finite.max())
    frames = [
        film.frame(
            (colour, film.depth_picture(real, np.isfinite(real).astype(np.float32), near, far)),
            (made, film.depth_picture(learnt, opacity, near, far)),
        )
        for colour, real, made, learnt, opacity in zip(
            views.on(measuring.WHITE), depth, shown.colour, shown.depth, shown.opacity, strict=True
        )
    ]
    turntable.write_bytes(film.gif(frames))
    every = [db for quality in all_of_them for db in quality.psnr]
    return {
        "held_out_psnr_db": round(float(np.mean(every)), 2),
        **found,
        "ring_depth_median_error": round(measuring.depth_error(shown, depth), 4),
    }


if __name__ == "__main__":
    main()
