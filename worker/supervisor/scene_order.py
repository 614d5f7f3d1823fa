"""Builds the part of a child's request that describes a range of scenes."""

from __future__ import annotations

from typing import Any, Final

from worker.contract import scene_order
from worker.contract.scene_order import Group, Model, Order, Part
from worker.core.errors import Unsupported
from worker.index.record import Scenes, SceneSlot
from worker.sources.base import FetchedObject

PRODUCT: Final = "scenes"


def of(fetched: FetchedObject, scenes: Scenes, most: int) -> dict[str, Any]:
    """`protocol.RenderObject.order` of a fetched range; objects that failed to fetch are omitted.

    Raises: Unsupported, if the range has more than `most` samples, the recipe's views.
    """
    if scenes.samples > most:
        raise Unsupported(
            f"{fetched.ref.file_identifier}: {scenes.samples} samples, but 'views' is {most}"
        )

    def part(slot: SceneSlot) -> Part:
        members = ((number, fetched.members[number]) for number in slot.members)
        return Part(
            slot.class_idx,
            tuple(_model(number, one) for number, one in members if isinstance(one, FetchedObject)),
        )

    groups = tuple(
        Group(group.samples, tuple(part(slot) for slot in group.places)) for group in scenes.groups
    )
    return scene_order.to_dict(Order(scenes.first, groups))


def _model(number: int, fetched: FetchedObject) -> Model:
    return Model(number, str(fetched.root), fetched.model, format_of(fetched))


def format_of(fetched: FetchedObject) -> str:
    """The format to import an object as: the one in the index, else the file's suffix."""
    return (fetched.ref.file_type or fetched.path.suffix.lstrip(".")).lower()
