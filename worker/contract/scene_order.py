"""What the host orders of the child: which objects are in which samples. Free of bpy."""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Model:
    """An object on disk; as `messages.RenderObject` has it. `number`: as the host counts them."""

    number: int
    root: str
    model: str
    format: str


@dataclasses.dataclass(frozen=True)
class Part:
    """A place in a scene: the class shown there, and objects of it; the first usable is taken."""

    class_idx: int
    candidates: tuple[Model, ...]


@dataclasses.dataclass(frozen=True)
class Group:
    """So many samples in a row with the same objects."""

    samples: int
    parts: tuple[Part, ...]


@dataclasses.dataclass(frozen=True)
class Order:
    """A range of samples, from number `first` of the data set on."""

    first: int
    groups: tuple[Group, ...]


def to_dict(order: Order) -> dict[str, Any]:
    """Plain JSON-ready values."""
    return dataclasses.asdict(order)


def from_dict(values: dict[str, Any]) -> Order:
    """Inverse of `to_dict`, JSON's lists being tuples again."""
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
