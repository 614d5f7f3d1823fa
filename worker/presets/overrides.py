"""``KEY=VALUE`` on the command line, over a preset's keys."""

from __future__ import annotations

import re
import tomllib
from typing import Any, Final

from worker.core.errors import UsageError, one_line

Table = dict[str, Any]
_PIECE: Final = re.compile(
    r"""(?P<blank>\s+(?=[\w-]+(?:\.[\w-]+)*\s*=))|"(?:\\.|[^"\\])*"|'[^']*'|.""", re.DOTALL
)
"""Of a text with overrides: a blank before a ``KEY=``, a quoted text, or a letter."""

_OPENING: Final = ("[", "{", '"', "'")
"""What begins a list, a table or a quoted text of TOML, and so no plain text."""


def split(text: str) -> list[str]:
    """The overrides in one text, ``views=4 camera.radius=[1.5, 2.0]``.

    A blank parts two where a ``KEY=`` follows it, outside of quotes and brackets.
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
    """The nested table that ``cycles.denoise=true`` stands for.

    The value is TOML; what is no TOML value of a kind that a recipe has is a plain text, so
    that ``colour.view_transform=agx`` needs no quotes.

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
    """`over` laid on `under`: tables merge key by key, everything else is replaced."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[name] = merge(below, value) if both else value  # type: ignore[arg-type]  # both
    return merged


def _value(text: str, override: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError) as error:
        if text.startswith(_OPENING):
            why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
            raise UsageError(one_line(f"--set {override}: the value is not TOML: {why}")) from error
        return text
    # More keys than one: a text with a line break in it. Other types: TOML's dates.
    value = parsed["value"] if len(parsed) == 1 else text
    return value if isinstance(value, (bool, int, float, str, list, dict)) else text
