"""Data sets for PyTorch: `MapDataset` with `RankSampler`, and `StreamDataset`.

    from render_worker import open_output
    from render_worker.torch import StreamDataset

    data = StreamDataset(open_output("out"), of=("colour", "K", "c2w_opencv"), batch_size=8)
    for epoch in range(10):
        data.set_epoch(epoch)
        for batch in torch.utils.data.DataLoader(data, batch_size=8, num_workers=4):
            batch["colour"]  # (8, height, width, 4) float32

Every rank reads its share of the samples, and every worker of a DataLoader its share of the rank's,
without overlap or loss (`render_worker.order`). Ranks may differ by one sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from render_worker.errors import MissingData, need
from render_worker.order import Begin, Order
from render_worker.output import Objects
from render_worker.rendered import RenderedObject
from render_worker.view import View

need("torch", "render_worker.torch", "torch")

import torch  # noqa: E402 - after the clear error above
from torch.utils.data import Dataset, IterableDataset, Sampler, get_worker_info  # noqa: E402

Unit = Literal["view", "object"]
Convert = Callable[[Any], Any]


def tensors(view: View, of: Sequence[str]) -> dict[str, Any]:
    """The properties `of` a view as tensors of the same shapes, with its uid and name.

    Raises: as `View`.
    """
    found: dict[str, Any] = {"uid": view.uid, "view": view.name}
    for name in of:
        value = np.asarray(getattr(view, name))
        # PyTorch does little with uint16, and needs memory that it may write to.
        value = value.astype(np.int32) if value.dtype == np.uint16 else value
        found[name] = torch.from_numpy(np.require(value, requirements=["C", "W"]))
    return found


def objects(found: RenderedObject, of: Sequence[str]) -> dict[str, Any]:
    """As `tensors`, of all views of an object, stacked: (views, height, width, …)."""
    parts = [tensors(view, of) for view in found.views]
    stacked = {name: torch.stack([part[name] for part in parts]) for name in of}
    return {"uid": found.uid, **stacked}


class _Samples:
    """The samples of a sequence of objects, by number: their views, or the objects themselves.

    Views are counted by the ledger; without one, all zips are opened once.
    """

    def __init__(self, found: Objects, unit: Unit, convert: Convert) -> None:
        if unit not in {"view", "object"}:
            raise ValueError(f"unit {unit!r}; allowed: 'view', 'object'")
        self._objects = found
        self._convert = convert
        self._ends = np.cumsum([_views(each) for each in found]) if unit == "view" else None
        # The object whose views were read last, which is opened once for all of them.
        self._last: tuple[int, RenderedObject] | None = None

    def __len__(self) -> int:
        if self._ends is None:
            return len(self._objects)
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, number: int) -> Any:
        if not 0 <= number < len(self):
            raise IndexError(number)
        if self._ends is None:
            return self._convert(self._objects[number])
        place = int(np.searchsorted(self._ends, number, side="right"))
        begin = int(self._ends[place - 1]) if place else 0
        if self._last is None or self._last[0] != place:
            self._last = (place, self._objects[place])
        return self._convert(self._last[1].views[number - begin])

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_last": None}


class MapDataset(Dataset[Any]):
    """A map-style data set.

    found: an output, or a part of one. unit: whether a sample is a "view" or an "object". of: the
    properties of a view that a sample has, as tensors; or convert: makes a sample of a `View` or
    `RenderedObject`, and must be picklable if workers are spawned.

    Shuffle and share it with `RankSampler`.

    Raises: as `View`, when a sample is read.
    """

    def __init__(
        self,
        found: Objects,
        *,
        of: Sequence[str] = ("colour",),
        unit: Unit = "view",
        convert: Convert | None = None,
    ) -> None:
        self._samples = _Samples(found, unit, convert or _converter(unit, of))

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, number: int) -> Any:
        return self._samples[number]


class _Resumable:
    """What the sampler and the stream share: an epoch, and the position in it."""

    def __init__(
        self, samples: int, seed: int, shuffle: bool, rank: int | None, world: int | None
    ) -> None:
        self._samples_count = samples
        self._seed = seed if shuffle else None
        self._rank, self._world = _ranks(rank, world)
        # In shared memory, so that persistent workers see a new one.
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()
        self._begin = Begin()
        self._taken = 0
        self._order()

    def set_epoch(self, epoch: int) -> None:
        """Read another epoch, which has another order; call it before each."""
        self._epoch[0] = epoch
        self._taken = 0

    def state_dict(self, taken: int | None = None) -> dict[str, Any]:
        """The state after the samples of this rank that were taken in this epoch.

        taken: their number, which the training loop must give where a DataLoader has read ahead:
        with a `RankSampler`, and with workers (batches taken times batch size). By default, what
        this process has read.
        """
        begin, order = self._beginning, self._order()
        if taken is None and get_worker_info() is not None:
            # Asked by a StatefulDataLoader, which gives each worker its own state back.
            return order.state(begin.position, begin.skip + self._taken)
        position = begin.position + self._taken if taken is None else taken
        return order.state(min(position, len(order)))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after a state of `state_dict`, with any number of workers.

        Call it before a DataLoader starts its workers. `taken` of later states counts from the
        beginning of the epoch, as before.

        Raises: ValueError, if it is the state of other samples, another seed or another rank.
        """
        self._begin = self._order().resumed(state)
        self._epoch[0] = self._begin.epoch
        self._taken = 0

    @property
    def _beginning(self) -> Begin:
        """Where this epoch begins: its first sample, unless a state was loaded."""
        epoch = int(self._epoch[0])
        return self._begin if self._begin.epoch == epoch else Begin(epoch)

    def _order(self) -> Order:
        epoch = int(self._epoch[0])
        return Order(self._samples_count, self._seed, epoch, self._rank, self._world)


class RankSampler(_Resumable, Sampler[int]):
    """The order in which one rank reads a `MapDataset`; give it to its DataLoader as `sampler`.

    seed, shuffle: the order, which also depends on the epoch. rank, world: this process's among
    all; by default those of torch.distributed, if it is initialised.
    """

    def __init__(
        self,
        data: MapDataset,
        *,
        seed: int = 0,
        shuffle: bool = True,
        rank: int | None = None,
        world: int | None = None,
    ) -> None:
        _Resumable.__init__(self, len(data), seed, shuffle, rank, world)

    def __len__(self) -> int:
        return len(self._order()) - self._beginning.position

    def __iter__(self) -> Iterator[int]:
        self._taken = 0
        for number in self._order().share(self._beginning):
            self._taken += 1
            yield number


class StreamDataset(_Resumable, IterableDataset[Any]):
    """An iterable data set, which shares its samples among ranks and workers itself.

    found, of, unit, convert: as for `MapDataset`. seed, shuffle, rank, world: as for `RankSampler`.
    batch_size: the DataLoader's; with it, the order of batches does not depend on the number of
    workers.

    Raises: as `View`, when a sample is read.
    """

    def __init__(
        self,
        found: Objects,
        *,
        of: Sequence[str] = ("colour",),
        unit: Unit = "view",
        convert: Convert | None = None,
        seed: int = 0,
        shuffle: bool = True,
        rank: int | None = None,
        world: int | None = None,
        batch_size: int = 1,
    ) -> None:
        self._samples = _Samples(found, unit, convert or _converter(unit, of))
        self._batch = batch_size
        _Resumable.__init__(self, len(self._samples), seed, shuffle, rank, world)

    def __len__(self) -> int:
        """Number of samples of this rank in this epoch that are still to be read."""
        return len(self._order()) - self._beginning.position

    def __iter__(self) -> Iterator[Any]:
        info = get_worker_info()
        worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
        self._taken = 0
        for number in self._order().share(self._beginning, worker, workers, self._batch):
            self._taken += 1
            yield self._samples[number]


def _converter(unit: Unit, of: Sequence[str]) -> Convert:
    return partial(objects if unit == "object" else tensors, of=tuple(of))


def _views(found: RenderedObject) -> int:
    told = None if found.outcome is None else found.outcome.views
    count = len(found.views) if told is None else told
    if not count:
        raise MissingData(f"{found!r} has no views")
    return count


def _ranks(rank: int | None, world: int | None) -> tuple[int, int]:
    if (rank is None) != (world is None):
        raise ValueError("give both rank and world, or neither")
    if rank is not None and world is not None:
        return rank, world
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1
