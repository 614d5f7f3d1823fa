"""The options of an export kind, some of which apply only to some of its layouts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import inspect

from worker.contract.schema import bounds, nearest
from worker.core.errors import UsageError
from worker.export import EXPORT_KINDS
from worker.export.base import Export

ONLY_WITH: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("nerf", "splits"): ("blender", "nsvf", "nerfstudio", "instant-ngp"),
    ("nerf", "category"): ("get3d",),
    ("nerf", "mixed_radii"): ("blender", "get3d"),
    ("webdataset", "category"): ("zeronvs",),
    ("webdataset", "background"): ("zeronvs",),
}
"""(kind, option) to the layouts that it applies to; options not listed apply to all layouts."""

_AT: Final = re.compile(r".* - at `\$\.(\w+)`")
"""Finds the invalid field in a message of msgspec."""


def open_kind(name: str, options: Mapping[str, Any]) -> Export[Any]:
    """Create the export kind `name` with these options. Raises: UsageError."""
    if name not in EXPORT_KINDS:
        raise UsageError(f"unknown export '{name}'; allowed: {', '.join(sorted(EXPORT_KINDS))}")
    kind = EXPORT_KINDS[name]()
    known = {field.name for field in msgspec.structs.fields(kind)}
    for option in options:
        if option not in known:
            flags = ", ".join(_flag(each) for each in sorted(known))
            raise UsageError(
                f"export '{name}' has no option {_flag(option)}; allowed: {flags or 'none'}"
            )
    try:
        made: Export[Any] = msgspec.convert(dict(options), kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"export '{name}': {_explained(error, kind, options)}") from error
    layout = getattr(made, "layout", None)
    for option in options:
        layouts = ONLY_WITH.get((name, option))
        if layouts is not None and layout not in layouts:
            raise UsageError(
                f"export '{name}' --layout {layout} has no option {_flag(option)}; use it with "
                f"--layout {' or '.join(layouts)}"
            )
    return made


def _explained(error: msgspec.ValidationError, kind: type[Any], options: Mapping[str, Any]) -> str:
    """Explain what is wrong with one option, or with several together, and what is allowed."""
    found = _AT.fullmatch(str(error))
    if found is None:
        return str(error)
    option = found[1]
    value, flag = options[option], _flag(option)
    hint = next(
        inspect.type_info(field.type)
        for field in msgspec.structs.fields(kind)
        if field.name == option
    )
    for each in hint.types if isinstance(hint, inspect.UnionType) else (hint,):
        if isinstance(each, inspect.LiteralType):
            return f"{flag} cannot be '{value}'{nearest(str(value), map(str, each.values))}"
        if isinstance(each, inspect.IntType) and isinstance(value, int):
            return f"{flag} is {value}, allowed: {bounds(each.ge, each.le)}"
    return f"{flag}: {error}"


def _flag(option: str) -> str:
    return f"--{option.replace('_', '-')}"
