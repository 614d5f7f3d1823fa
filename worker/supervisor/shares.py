"""How many children a worker has, and the cores of each.

On a GPU the children take turns: one imports while another renders. Nothing is pinned.

On a CPU they share out the cores. An object has a part that one core does alone (import, scene,
images to disk: about SERIAL_S seconds) and a part that all cores of its child do together (the
views: PARALLEL_S core seconds, in proportion to pixels, samples and views). So a child with k
cores takes s + p/k seconds, and n cores finish n / (k·s + p) objects a second (Amdahl): most with
one core a child, which takes as many children as cores, their memory, and the longest for one
object. A child has the most cores that cost no more than LOSS of that rate: one for small pictures,
several for large ones, which come sooner and are fewer when a shard ends. The limits of an object
do not depend on cores, so a child has more of them where an object would take longer than LONG_S.

Each child is pinned to cores of its own. Without that, a Blender with a single thread burns a
second core in the kernel while it renders; so where the cores cannot be told (`cores.own`), a
child has at least two threads.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Final

import msgspec

from worker.contract.recipe import Recipe
from worker.core import cores, memory
from worker.supervisor.devices import OF_CORES

GPU_CHILDREN: Final = 2
"""Children per GPU by default."""
SERIAL_S: Final = 0.2
PARALLEL_S: Final = 2.0
"""Seconds, and core seconds, of a small object at REFERENCE; see docs/performance.md, Cores."""
REFERENCE: Final = 12 * 128 * 128 * 16
"""Views x pixels x samples of these figures."""
LOSS: Final = 0.03
"""The share of the best rate that larger children may cost: less than two runs differ by."""
MOST_CORES: Final = 4
"""Cores of a child, unless there are fewer objects: Blender's threads do not scale for ever."""
LONG_S: Final = 30.0
"""A tenth of an object's default limit: many take several times as long as a small one."""
ADAPTIVE_SHARE: Final = 0.125
"""The part of its samples that adaptive sampling takes at least: a background stops early."""
CHILD_BYTES: Final = 4 << 30
"""Memory that a child is counted with if it has no limit of its own: heavy models need a few GB."""
LEAST_UNPINNED: Final = 2


class Work(msgspec.Struct, frozen=True):
    """What a pool is made for: so many objects, 0 if that is not known, of a recipe."""

    objects: int = 1
    recipe: Recipe | None = None


class Share(msgspec.Struct, frozen=True):
    """The cores of one child. `cores`: their numbers if it is pinned; `threads`: 0 for all."""

    cores: tuple[int, ...] = ()
    threads: int = 0


class Asked(msgspec.Struct, frozen=True):
    """What the user has set; 0 means nothing."""

    children: int = 0
    threads: int = 0
    memory_bytes: int = 0
    """The limit of one child."""


def per_device(kind: str, asked: Asked, work: Work) -> int:
    """The number of children for each device of `kind`."""
    if asked.children:
        return asked.children
    if kind not in OF_CORES:
        return GPU_CHILDREN
    usable = cores.usable()
    if asked.threads:
        wanted = usable // asked.threads
    else:
        least = 1 if cores.own() else LEAST_UNPINNED
        wanted = min(usable // least, math.ceil(usable / cores_per_child(work.recipe)))
    fitting = int(memory.SHARE * memory.own()) // (asked.memory_bytes or CHILD_BYTES)
    return max(1, min(wanted, fitting, work.objects or wanted))


def cores_per_child(recipe: Recipe | None) -> int:
    """The most cores of a child that cost at most LOSS of the rate with one core each."""
    parallel = parallel_s(recipe)
    best = SERIAL_S + parallel
    cheap = math.floor((best / (1.0 - LOSS) - parallel) / SERIAL_S)
    return max(1, min(cheap, max(MOST_CORES, math.ceil(parallel / LONG_S))))


def parallel_s(recipe: Recipe | None) -> float:
    """About how many core seconds the views of a small object take; of REFERENCE without one."""
    if recipe is None or recipe.product != "views":
        return PARALLEL_S
    width, height = recipe.resolution
    samples = recipe.samples * (ADAPTIVE_SHARE if recipe.cycles.adaptive else 1.0)
    return PARALLEL_S * recipe.views * width * height * samples / REFERENCE


def of_children(kind: str, children: int, threads: int = 0) -> list[Share]:
    """The share of each of all `children`; `threads` is the user's number, or 0.

    More children than cores share cores, evenly.
    """
    if kind not in OF_CORES:
        return [Share(threads=threads or cores.threads())] * children
    if mine := cores.own():
        return [_pinned(part, threads) for part in _parts(mine, children)]
    parts = _parts(range(cores.usable()), children)
    return [Share(threads=threads or max(LEAST_UNPINNED, len(part))) for part in parts]


def _parts(mine: Sequence[int], children: int) -> list[Sequence[int]]:
    """The cores, divided; the first parts may have one more."""
    if children > len(mine):
        return [(mine[number % len(mine)],) for number in range(children)]
    each, more = divmod(len(mine), children)
    ends = [number * each + min(number, more) for number in range(children + 1)]
    return [mine[begin:end] for begin, end in itertools.pairwise(ends)]


def _pinned(part: Sequence[int], threads: int) -> Share:
    """With fewer threads than cores, a child has fewer cores."""
    used = tuple(part[: threads or None])
    return Share(used, threads or len(used))
