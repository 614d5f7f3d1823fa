"""What the child is told of a range of scenes."""

from __future__ import annotations

from typing import Any, Final

from worker.contract import scene_order
from worker.contract.scene_order import Group, Model, Order, Part
from worker.core.errors import Unsupported
from worker.index.record import Scenes, SceneSlot
from worker.sources.base import FetchedObject

PRODUCT: Final = "scenes"


def of(fetched: FetchedObject, scenes: Scenes, most: int) -> dict[str, Any]:
    """`messages.RenderObject.order` of a fetched range: of each place the objects that are here.

    Raises: Unsupported, for more samples than the recipe has in a zip.
    """
    if scenes.samples > most:
        raise Unsupported(f"{fetched.ref.file_identifier}: {scenes.samples} samples, not {most}")

    def part(place: SceneSlot) -> Part:
        here = ((number, fetched.members[number]) for number in place.members)
        return Part(
            place.class_idx,
            tuple(_model(number, one) for number, one in here if isinstance(one, FetchedObject)),
        )

    groups = tuple(
        Group(group.samples, tuple(part(place) for place in group.places))
        for group in scenes.groups
    )
    return scene_order.to_dict(Order(scenes.first, groups))


def _model(number: int, fetched: FetchedObject) -> Model:
    return Model(number, str(fetched.root), fetched.model, format_of(fetched))


def format_of(fetched: FetchedObject) -> str:
    """The format by which Blender imports it: as the index says, else by its name."""
    return (fetched.ref.file_type or fetched.path.suffix.lstrip(".")).lower()
