"""What a launcher tells a worker: its rank among all, and among those of its node."""

from __future__ import annotations

import msgspec


class Placement(msgspec.Struct, frozen=True):
    """The numbers that one launcher states; None if it does not.

    `trap` is set if no rank can be derived from its variables, and says why.
    """

    rank: int | None = None
    world: int | None = None
    local_rank: int | None = None
    """The number among the ranks of this node, from 0."""
    local_size: int | None = None
    """The number of ranks of this node."""
    trap: str | None = None

    @property
    def spans_nodes(self) -> bool:
        """Whether other nodes are known to have ranks too."""
        return None not in (self.local_size, self.world) and self.local_size != self.world


def array_of(
    name: str, variable: str, task: int, *, first: int, last: int, step: int, advice: str
) -> Placement:
    """A task of an array that is numbered from `first` to `last` in steps of `step`."""
    if (task - first) % step or not first <= task <= last:
        return Placement(
            trap=f"{variable}={task} is no task of {name}'s array from {first} to {last} in steps "
            f"of {step}, so no rank can be derived from it: use {advice}"
        )
    return Placement((task - first) // step, (last - first) // step + 1)
