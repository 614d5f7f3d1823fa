"""A recipe: everything a preset may say, with its default, range and meaning.

Shared by both sides: the host builds it from TOML (`worker.presets`), the child from the
message. Each key is declared once, here; `presets show`, the checks and the docs read the
declarations.
"""

from __future__ import annotations

import dataclasses
import difflib
import typing
from typing import Any


class RecipeError(ValueError):
    """A key that does not exist or a value that is not allowed; the message says which."""


def key(
    default: Any,
    doc: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
) -> Any:
    """Declare one recipe key: its default, its one-line meaning and what is allowed."""
    about = {"doc": doc, "choices": choices, "low": low, "high": high, "unit": unit}
    return dataclasses.field(default=default, metadata=about)


def section(kind: type, doc: str) -> Any:
    """Declare a table of keys."""
    return dataclasses.field(default_factory=kind, metadata={"doc": doc})


@dataclasses.dataclass(frozen=True)
class Camera:
    """Where the cameras stand. World: Z up; the object is centred on the origin."""

    layout: str = key("shell", "how viewpoints are placed", choices=("shell",))
    fov: float = key(49.1343, "horizontal field of view", low=0.1, high=179.0, unit="degree")
    radius: tuple[float, float] = key(
        (1.5, 2.2),
        "distance from the origin, drawn uniformly",
        low=0.01,
        high=1000.0,
        unit="world unit",
    )
    max_height: float = key(
        2.2, "draw again while |z| exceeds this", low=0.0, high=1000.0, unit="world unit"
    )
    northern: bool = key(False, "only viewpoints with z >= 0 (the sign of z is dropped)")


@dataclasses.dataclass(frozen=True)
class Lights:
    """What lights the object."""

    rig: str = key("four-suns", "which lights", choices=("four-suns",))


@dataclasses.dataclass(frozen=True)
class Subject:
    """What is done to the object before it is rendered."""

    merge_vertices: bool = key(True, "weld equal vertices when a glTF is imported")
    one_colour: tuple[str, ...] = key(
        (), "formats whose objects get one random colour instead of their materials"
    )


@dataclasses.dataclass(frozen=True)
class Cycles:
    """Settings of the path tracer."""

    denoise: bool = key(False, "OpenImageDenoise, where this Blender has it")
    filter_width: float = key(1.0, "pixel filter width", low=0.01, high=10.0, unit="pixel")
    adaptive: bool = key(False, "adaptive sampling")
    diffuse_bounces: int = key(1, "diffuse bounces", low=0, high=1024)
    glossy_bounces: int = key(1, "glossy bounces", low=0, high=1024)
    transparent_bounces: int = key(3, "transparent surfaces a ray may cross", low=0, high=1024)
    transmission_bounces: int = key(3, "transmission bounces", low=0, high=1024)


@dataclasses.dataclass(frozen=True)
class Colour:
    """How colour images are encoded. Data images never pass a view transform."""

    view_transform: str = key(
        "standard", "view transform of colour images", choices=("standard", "filmic", "agx")
    )
    exposure: float = key(
        0.0, "stops added before the view transform", low=-16.0, high=16.0, unit="stop"
    )


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One published way of rendering an object."""

    name: str = key("default", "the preset's name; part of every object's seed")
    summary: str = key("", "what it is, in a line")
    follows: str = key("", "the system whose recipe this is")
    views: int = key(12, "images per object", low=1, high=10_000)
    resolution: tuple[int, int] = key(
        (512, 512), "width and height; one number stands for both", low=1, high=16384, unit="pixel"
    )
    samples: int = key(64, "samples per pixel", low=1, high=1 << 20)
    seed: int = key(0, "another number, other cameras and colours", low=0, high=1 << 62)
    images: tuple[str, ...] = key(("colour",), "image kinds of each view", choices=("colour",))
    records: tuple[str, ...] = key(
        ("cameras",),
        "files about the views: one cameras.json; a NNN.npy each",
        choices=("cameras", "npy-3x4"),
    )
    camera: Camera = section(Camera, "viewpoints")
    lights: Lights = section(Lights, "lights")
    subject: Subject = section(Subject, "the object")
    cycles: Cycles = section(Cycles, "the path tracer")
    colour: Colour = section(Colour, "colour encoding")


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """Plain JSON-ready values, every key present, in declaration order."""
    return dataclasses.asdict(recipe)


def from_dict(values: dict[str, Any], kind: type = Recipe, where: str = "") -> Any:
    """Build `kind` from plain values; absent keys take their defaults.

    Raises: RecipeError, naming the key, what is wrong and what is allowed.
    """
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    made = {}
    for name, value in values.items():
        path = f"{where}{name}"
        if name not in fields:
            raise RecipeError(f"no key '{path}'{nearest(name, fields)}")
        if dataclasses.is_dataclass(hints[name]):
            if not isinstance(value, dict):
                raise RecipeError(f"'{path}' is a table of keys, not {value!r}")
            made[name] = from_dict(value, hints[name], f"{path}.")
        else:
            made[name] = _checked(value, hints[name], fields[name].metadata, path)
    return kind(**made)


def nearest(word: str, allowed: typing.Iterable[str]) -> str:
    """A clause naming the nearest allowed word and all of them."""
    options = sorted(allowed)
    close = difflib.get_close_matches(word, options, n=1, cutoff=0.5)
    meant = f"; did you mean '{close[0]}'?" if close else ""
    return f"{meant} (allowed: {', '.join(options)})"


def _checked(value: Any, hint: Any, about: typing.Mapping[str, Any], path: str) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and args[-1] is Ellipsis:
        if not isinstance(value, (list, tuple)):
            raise RecipeError(f"'{path}' is a list, not {value!r}")
        return tuple(_scalar(item, args[0], about, path) for item in value)
    if origin is tuple:
        items = value if isinstance(value, (list, tuple)) else [value] * len(args)
        if len(items) != len(args):
            raise RecipeError(f"'{path}' takes {len(args)} numbers, not {value!r}")
        return tuple(_scalar(item, arg, about, path) for item, arg in zip(items, args))
    return _scalar(value, hint, about, path)


def _scalar(value: Any, kind: type, about: typing.Mapping[str, Any], path: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        names = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
        raise RecipeError(f"'{path}' is {names[kind]}, not {value!r}")
    if about["choices"] and value not in about["choices"]:
        raise RecipeError(f"'{path}' cannot be '{value}'{nearest(str(value), about['choices'])}")
    low, high = about["low"], about["high"]
    if kind in (int, float) and not (
        (low is None or value >= low) and (high is None or value <= high)
    ):
        bounds = f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
        raise RecipeError(f"'{path}' is {value!r}, allowed: {bounds}")
    return value
