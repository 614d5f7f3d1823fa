"""A place for one child on one device, with its share of the cores."""

from __future__ import annotations

import random
from concurrent.futures import Future

from worker.supervisor.devices import Device
from worker.supervisor.process import Child
from worker.supervisor.shares import Share


class Slot:
    """What a pool keeps of one such place; a thread that renders holds it."""

    def __init__(self, device: Device, share: Share, recycle_after: int) -> None:
        self.device = device
        self.share = share
        self.child: Child | None = None
        self.coming: Future[Child] | None = None
        """A child that was started and is not waited for yet."""
        # Jitter, or all children of a node that started together would restart together.
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - not a secret
        self.recycle_after = max(1, round(recycle_after * spread))
