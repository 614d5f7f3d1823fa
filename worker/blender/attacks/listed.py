"""All attacks, in the order in which they are tried."""

from __future__ import annotations

from typing import Tuple

from worker.blender.attacks.attack import Attack
from worker.blender.attacks.on_files import ON_FILES
from worker.blender.attacks.on_kernel import ON_KERNEL
from worker.blender.attacks.on_network import I386, ON_NETWORK
from worker.blender.attacks.on_processes import ON_PROCESSES, REPLACING

ATTACKS: Tuple[Attack, ...] = (
    *ON_FILES, *ON_NETWORK, *ON_PROCESSES, *ON_KERNEL, *REPLACING, I386,
)  # fmt: skip
