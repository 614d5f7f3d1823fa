"""What the host asks of the child: which objects are in which samples. Needs no bpy."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Model:
    """An object on disk, as in `protocol.RenderObject`. `number`: its number on the host's side."""

    number: int
    root: str
    model: str
    format: str


@dataclasses.dataclass(frozen=True)
class Part:
    """A place in a scene: its class, and objects of it, of which the first usable is shown."""

    class_idx: int
    candidates: tuple[Model, ...]


@dataclasses.dataclass(frozen=True)
class Group:
    """A number of consecutive samples that show the same objects."""

    samples: int
    parts: tuple[Part, ...]


@dataclasses.dataclass(frozen=True)
class Order:
    """A range of samples; `first` is the number of its first one in the data set."""

    first: int
    groups: tuple[Group, ...]


def to_dict(order: Order) -> dict[str, Any]:
    """Plain JSON-ready values."""
    return dataclasses.asdict(order)


def from_dict(values: dict[str, Any]) -> Order:
    """Inverse of `to_dict`; JSON's lists become tuples."""
    return Order(
        values["first"],
        tuple(
            Group(
                group["samples"],
                tuple(
                    Part(part["class_idx"], tuple(Model(**model) for model in part["candidates"]))
                    for part in group["parts"]
                ),
            )
            for group in values["groups"]
        ),
    )
