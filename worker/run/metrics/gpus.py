"""The latest busy share of each GPU, asked for in a thread of its own: an answer takes seconds."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final

from worker.supervisor import gpu_usage

EVERY_S: Final = 15.0


class GpuSampler:
    """Asks nvidia-smi every EVERY_S seconds, from `start` to `end`."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._busy: Mapping[str, float] = {}

    @property
    def busy(self) -> Mapping[str, float]:
        """The busy share, 0 to 1, by entry of CUDA_VISIBLE_DEVICES; empty before and after."""
        return {} if self._over.is_set() else self._busy

    def start(self, gpus: frozenset[str]) -> None:
        """Begin to ask about `gpus`, entries of CUDA_VISIBLE_DEVICES."""
        if gpus:
            threading.Thread(target=self._ask, args=(gpus,), name="gpus", daemon=True).start()

    def end(self) -> None:
        """Ask no more."""
        self._over.set()

    def _ask(self, gpus: frozenset[str]) -> None:
        while not self._over.is_set():
            self._busy = gpu_usage.busy(gpus)
            self._over.wait(EVERY_S)
