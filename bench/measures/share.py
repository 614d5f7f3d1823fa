"""How much of the time Blender renders: what import, packing and the pipeline leave over."""

from __future__ import annotations

from pathlib import Path

from bench import sides
from bench.result import Row, at_least
from bench.timed import timed

NOTE = (
    "From the end of the first object to the end of the last: time inside the loop over the views, "
    "which aims the camera, calls Blender's render and writes the raw passes, over wall time: "
    "everything else (import, scene, packing, the pipeline) is what is left. One child, 12 views."
)
CASES = (((128, 16), 20, 0.85), ((512, 64), 5, 0.97))
"""Size and samples, objects, and the share that there should be at least."""


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Shares at two sizes."""
    rows = []
    for (resolution, samples), count, target in CASES:
        models = scratch / f"models-{resolution}"
        sides.make_models(models, "small", 3 if quick else count)
        keys = ["views=12", f"resolution={resolution}", f"samples={samples}", *sides.FIXED]
        ended = timed(models, scratch / f"share-{resolution}", keys)
        wall = ended[-1].end_s - ended[0].end_s
        rendering = sum(one.render_s for one in ended[1:])
        rows.append(
            at_least(
                f"{resolution}x{resolution}, {samples} samples",
                rendering / wall,
                target,
                f"{wall / (len(ended) - 1):.2f} s an object",
            )
        )
    return rows
