"""Measures objects per hour on GPUs, and the time to compile their kernels.

`bench/gpu.sh` runs it with one command. Without a GPU, nothing is measured.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from bench import sides
from bench.result import Row
from worker.supervisor import devices

NOTE = (
    "Preset `default` (512x512, 12 views) on small objects, including start-up, on every visible "
    "GPU. Kernel time: the first test render with empty caches, and the next one. Run "
    "`bench/gpu.sh` to measure it."
)
KINDS = ("optix", "cuda")
CHILDREN = (1, 2, 4)


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure cold and warm kernels, then the throughput by number of children, per device kind."""
    gpus = devices.visible(os.environ)
    if not gpus:
        sides.say("  no GPU is visible: not measured")
        return []
    models = scratch / "models"
    count = 4 if quick else 40
    sides.make_models(models, "small", count)
    rows = []
    for kind in KINDS:
        caches = {
            f"{name}_CACHE_PATH": str(scratch / kind / name.lower()) for name in ("CUDA", "OPTIX")
        }
        for folder in caches.values():
            Path(folder).mkdir(parents=True)
        for state in ("cold", "warm"):
            begin = time.monotonic()
            sides.quietly([sys.executable, "-m", "worker", "warm", "--device", kind], caches)
            took = time.monotonic() - begin
            rows.append(Row(f"{kind}: `render-worker warm`, caches {state}", f"{took:.1f} s"))
        for children in CHILDREN:
            took = sides.worker(
                models, scratch / "out", None, "--children-per-device", str(children),
                device=kind, extra=caches,
            )  # fmt: skip
            per_hour = 3600 * count / took
            what = f"{kind}: {children} {'child' if children == 1 else 'children'} per GPU"
            rows.append(Row(what, f"{per_hour:,.0f} objects per hour on {len(gpus)} GPU"))
    return rows
