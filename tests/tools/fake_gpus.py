"""A child whose GPUs are the processor: for what the worker makes of several devices.

FAULT: see `tests.fault_injection.child`. BROKEN_GPU names the CUDA_VISIBLE_DEVICES entry that
Blender does not find.
"""

import os
import sys

from tests.fault_injection import child
from worker.blender import engine
from worker.blender.faults import ObjectFault

bind = engine.bind


def _bind(kind: str, threads: int) -> engine.Device:
    visible = os.environ["CUDA_VISIBLE_DEVICES"]
    if kind != "cpu" and visible == os.environ.get("BROKEN_GPU"):
        raise ObjectFault("device", f"Blender finds no {kind} device here")
    return bind("cpu", threads)


engine.bind = _bind
child.main(sys.argv[1:])
