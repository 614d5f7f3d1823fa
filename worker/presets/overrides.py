"""Parses ``KEY=VALUE`` overrides and merges them into a preset's table."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, Final

from worker.core.errors import UsageError, one_line

Table = dict[str, Any]
_PIECE: Final = re.compile(
    r"""(?P<blank>\s+(?=[\w-]+(?:\.[\w-]+)*\s*=))|"(?:\\.|[^"\\])*"|'[^']*'|.""", re.DOTALL
)
"""A piece of a text with overrides: whitespace before ``KEY=``, a quoted string, or a character."""

_OPENING: Final = ("[", "{", '"', "'")
"""What begins a list, a table or a quoted text of TOML, and so no plain text."""


def split(text: str) -> list[str]:
    """Split a text such as ``views=4 camera.radius=[1.5, 2.0]`` into overrides.

    They are separated by whitespace followed by ``KEY=``, outside quotes and brackets.
    """
    parts = [""]
    depth = 0
    for found in _PIECE.finditer(text.strip()):
        piece = found[0]
        depth += (piece in "[{") - (piece in "]}")
        if found["blank"] and depth <= 0:
            parts.append("")
        else:
            parts[-1] += piece
    return [part for part in parts if part]


def parse(override: str) -> Table:
    """Parse an override such as ``cycles.denoise=true`` to a nested table.

    The value is parsed as TOML. If it is not TOML of a type that recipes use, it is a string, so
    ``colour.view_transform=agx`` needs no quotes.

    Raises: UsageError when there is no ``=``, no key before it, or a text, list or table after it
    that is not TOML.
    """
    path, equals, text = override.partition("=")
    parts = [part.strip() for part in path.split(".")]
    if not equals or not all(parts):
        raise UsageError(
            f"--set takes KEY=VALUE, as in views=4 or camera.radius=[1,2], not {override!r}"
        )
    table: Table = {parts[-1]: _value(text.strip(), override)}
    for part in reversed(parts[:-1]):
        table = {part: table}
    return table


def merge(under: Table, over: Table) -> Table:
    """Merge `over` into `under`: tables key by key; other values are replaced. Returns a copy."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[name] = merge(below, value) if both else value  # type: ignore[arg-type]  # both
    return merged


def flat(table: Table, prefix: str = "") -> Table:
    """The values of a nested table by dotted key."""
    found: Table = {}
    for name, value in table.items():
        path = f"{prefix}{name}"
        found.update(flat(value, f"{path}.") if isinstance(value, dict) else {path: value})
    return found


def to_toml(value: Any) -> str:
    """A value of a recipe as TOML; `parse` reads it."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(to_toml(item) for item in value)}]"
    if isinstance(value, str):
        # JSON escapes are also TOML's, except that TOML requires DEL to be escaped and forbids
        # escaped surrogates.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value) if isinstance(value, (bool, int)) else repr(value)


def _value(text: str, override: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError) as error:
        if text.startswith(_OPENING):
            why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise UsageError(one_line(f"--set {override}: the value is not TOML: {why}")) from error
        return text
    # Several keys mean that the text has a line break. Recipes do not use TOML's dates.
    value = parsed["value"] if len(parsed) == 1 else text
    return value if isinstance(value, (bool, int, float, str, list, dict)) else text
