"""Measures objects per hour on GPUs, and the time to compile their kernels.

`bench/gpu.sh` runs it with one command. Without a GPU, nothing is measured. `on_cpu` goes through
the same steps on the CPU, to test them.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import sides
from bench.result import Row
from worker.supervisor import devices

NOTE = (
    "Presets `default` and `objaverse-xl` (512x512, 12 views) on small objects, including "
    "start-up, on every visible GPU. Kernel time: the first test render with empty caches, and the "
    "next one. Run `bench/gpu.sh` to measure it."
)
KINDS = ("optix", "cuda")
CHILDREN = (1, 2, 4)
PRESETS = ("default", "objaverse-xl")
SMALL = sides.Settings(views=1, resolution=16, samples=1)


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure cold and warm kernels, then the throughput by preset and number of children."""
    gpus = devices.visible(os.environ)
    if not gpus:
        sides.say("  no GPU is visible: not measured")
        return []
    return _measured(scratch, KINDS, len(gpus), 4 if quick else 40, None)


def on_cpu(scratch: Path, _: bool) -> list[Row]:
    """The same steps with small pictures of two objects on the CPU, whose numbers say nothing."""
    return _measured(scratch, ("cpu",), 1, 2, SMALL)


def _measured(
    scratch: Path, kinds: Sequence[str], gpus: int, count: int, settings: sides.Settings | None
) -> list[Row]:
    models = scratch / "models"
    sides.make_models(models, "small", count)
    rows = []
    for kind in kinds:
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
        for preset, children in itertools.product(PRESETS, CHILDREN):
            took = sides.worker(
                models, scratch / "out", settings, "--preset", preset,
                "--children-per-device", str(children), device=kind, extra=caches,
            )  # fmt: skip
            per_hour = 3600 * count / took
            many = f"{children} {'child' if children == 1 else 'children'} per GPU"
            measured = f"{per_hour:,.0f} objects per hour on {gpus} GPU"
            rows.append(Row(f"{kind}: `{preset}`, {many}", measured))
    return rows
