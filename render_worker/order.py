"""The order in which samples are read: shuffled by seed and epoch, shared without overlap or loss.

All samples of an epoch are put in one order. Rank r of W takes every W-th of it, from number r;
what a rank takes is its own order, and its positions are counted from 0. Within a rank, batches go
to the workers of a DataLoader in turn, which is how a DataLoader asks for them. So the order of a
rank's batches does not depend on the number of workers, and a position alone says where to resume.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

STATE: Final = ("seed", "epoch", "position", "skip", "rank", "world", "samples")


class Begin(NamedTuple):
    """Where reading begins in an epoch."""

    epoch: int = 0
    position: int = 0
    """Samples of the rank before this one were read."""
    skip: int = 0
    """Of the samples of this worker from `position`, how many were read too."""


@dataclass(frozen=True)
class Order:
    """How one rank reads `samples` samples in one epoch."""

    samples: int
    seed: int | None
    """None: not shuffled."""
    epoch: int
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        """Check the rank. Raises: ValueError."""
        if not 0 <= self.rank < self.world:
            raise ValueError(f"rank {self.rank} of {self.world}")

    def numbers(self) -> NDArray[np.int64]:
        """The numbers of this rank's samples, in order."""
        everything = np.arange(self.samples, dtype=np.int64)
        if self.seed is not None:
            everything = np.random.default_rng([self.seed, self.epoch]).permutation(everything)
        return everything[self.rank :: self.world]

    def __len__(self) -> int:
        return len(range(self.rank, self.samples, self.world))

    def share(
        self, begin: Begin, worker: int = 0, workers: int = 1, batch: int = 1
    ) -> Iterator[int]:
        """The numbers of one worker's samples from `begin`, in order.

        batch: the DataLoader's batch size.
        """
        left = self.numbers()[begin.position :]
        firsts = range(worker * batch, len(left), workers * batch)
        own = (int(number) for first in firsts for number in left[first : first + batch])
        return itertools.islice(own, begin.skip, None)

    def state(self, position: int, skip: int = 0) -> dict[str, Any]:
        """What `resumed` needs to begin there in this epoch; see `Begin`."""
        return {
            "seed": self.seed, "epoch": self.epoch, "position": position, "skip": skip,
            "rank": self.rank, "world": self.world, "samples": self.samples,
        }  # fmt: skip

    def resumed(self, state: dict[str, Any]) -> Begin:
        """Where to begin by a state of `state`.

        Raises: ValueError, if it belongs to another order, in which its position means something
        else.
        """
        if sorted(state) != sorted(STATE):
            raise ValueError(f"not a state of this data set: it has {sorted(state)}")
        for name in ("seed", "rank", "world", "samples"):
            if state[name] != getattr(self, name):
                raise ValueError(
                    f"the state has {name} {state[name]}, but this data set {getattr(self, name)}; "
                    "resume with the same"
                )
        begin = Begin(int(state["epoch"]), int(state["position"]), int(state["skip"]))
        if min(begin) < 0 or begin.position > len(self):
            raise ValueError(f"the state has {begin}")
        return begin
