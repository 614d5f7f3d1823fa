"""Tables of categories that readers number by themselves: the position of a name is its id."""

from __future__ import annotations

from typing import Final

import msgspec


class CategoryTable(msgspec.Struct, frozen=True):
    """A reader's table."""

    names: tuple[str, ...]
    """By id."""
    synsets: dict[str, str]
    """ShapeNet synset to the name of the same category."""


ABO: Final = CategoryTable(
    names=(
        "air conditioner", "bag", "battery charger", "bed", "bench", "birdhouse",
        "book or journal", "bottle rack", "bowl", "cabinet", "candle holder", "cart", "chair",
        "clock", "clothes hook", "clothes rack", "container or basket", "cooking pan", "cup",
        "dining set", "dresser", "drink coaster", "easel", "electrical cable",
        "exercise equipment", "exercise mat", "exercise weight", "fan", "figurine or sculpture",
        "file folder", "fire pit", "floor mat", "heater", "holder", "instrument stand", "jar",
        "ladder", "lamp", "laptop stand", "mattress", "mirror", "mount", "mouse pad",
        "office appliance", "ottoman", "picture frame or painting", "pillow",
        "plant or flower pot", "rug", "shelf", "shredder", "soap dispenser", "sofa",
        "speaker stand", "sports equipment", "step stool", "table", "tent", "trash can", "tray",
        "vanity", "vase", "wagon",
    ),
    synsets={
        "02747177": "trash can", "02773838": "bag", "02818832": "bed", "02828884": "bench",
        "02843684": "birdhouse", "02880940": "bowl", "02933112": "cabinet", "03001627": "chair",
        "03046257": "clock", "03593526": "jar", "03636649": "lamp", "03938244": "pillow",
        "04256520": "sofa", "04379243": "table",
    },
)  # fmt: skip
"""Categories of Amazon Berkeley Objects, as 3dlg-hcvc/omages numbers them (omg_dataset.py)."""

TABLES: Final = {"abo": ABO}
"""Name of a table, for `--categories`, to the table."""
