"""Describes presets: a table of all of them, and the keys of one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from worker.contract.engines import CYCLES
from worker.contract.recipe import Recipe
from worker.contract.schema import bounds
from worker.presets import loader, overrides
from worker.presets.engine_rules import OF_CYCLES

IDLE: Final = {
    "views": ("omage", "scenes"),
    "omage": (
        "scenes",
        "views", "images", "records", "previews", "camera", "lights", "cycles", "colour", "depth",
        "normal", "splits", "preview",
    ),
    "scenes": (
        "products", "images", "records", "previews", "camera", "lights", "depth", "normal",
        "splits", "preview", "mesh", "omage",
    ),
}  # fmt: skip
"""Keys that a product ignores; they are hidden if they have their default."""


class PresetRow(msgspec.Struct, frozen=True):
    """One preset in the list of presets."""

    name: str
    summary: str
    follows: str
    views: int
    """0 if the product has no views."""
    resolution: tuple[int, int]
    samples: int


class Key(msgspec.Struct, frozen=True):
    """One key of a recipe: its value and its declaration."""

    path: str
    """Dotted, as for `--set`."""
    value: Any
    unit: str
    doc: str
    allowed: str
    """The choices or the range; empty if any value of the type is allowed."""


def table() -> list[PresetRow]:
    """All packaged presets, sorted by name."""
    recipes = (loader.load(name) for name in loader.names())
    return [
        PresetRow(r.name, r.summary, r.follows, views_of(r), r.resolution, r.samples)
        for r in recipes
    ]


def views_of(recipe: Recipe) -> int:
    """The number of views per object; 0 if the product has no views."""
    return recipe.views if "views" not in IDLE[recipe.product] else 0


def keys_of(recipe: Recipe) -> list[Key]:
    """All keys in declaration order; keys in tables come after the others."""
    return [key for _, _, keys in _tables(recipe) for key in keys]


def to_toml(recipe: Recipe) -> str:
    """The recipe as a TOML file with a comment for every key; `load` can read it."""
    lines: list[str] = []
    for name, doc, keys in _tables(recipe):
        if name:
            lines += ["", f"# {doc}", f"[{name}]"]
        for key in keys:
            notes = [key.doc, f"[{key.unit}]" if key.unit else "", key.allowed]
            lines.append(f"# {'; '.join(note for note in notes if note)}")
            lines.append(f"{key.path.rpartition('.')[2]} = {overrides.to_toml(key.value)}")
    return "\n".join(lines) + "\n"


def _tables(recipe: Recipe) -> Iterator[tuple[str, str, list[Key]]]:
    """(name, meaning, keys) of the top level, then of each table."""
    unused = (*IDLE[recipe.product], *([] if recipe.engine == CYCLES else [OF_CYCLES]))
    idle = {name for name in unused if getattr(recipe, name) == getattr(Recipe(), name)}
    fields = [field for field in dataclasses.fields(recipe) if field.name not in idle]
    tables = [field for field in fields if dataclasses.is_dataclass(getattr(recipe, field.name))]
    plain = [field for field in fields if field not in tables]
    yield "", "", [_key(field, recipe, "") for field in plain]
    for field in tables:
        inner = getattr(recipe, field.name)
        keys = [_key(item, inner, f"{field.name}.") for item in dataclasses.fields(inner)]
        yield field.name, field.metadata["doc"], keys


def _key(field: dataclasses.Field[Any], holder: Any, prefix: str) -> Key:
    about = field.metadata
    if about["choices"]:
        allowed = "one of " if isinstance(getattr(holder, field.name), str) else "any of "
        allowed += ", ".join(about["choices"])
    else:
        allowed = bounds(about["low"], about["high"])
    value = getattr(holder, field.name)
    return Key(prefix + field.name, value, about["unit"], about["doc"], allowed)
