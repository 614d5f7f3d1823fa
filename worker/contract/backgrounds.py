"""Backgrounds of 8-bit colour images: words and colours. Needs no bpy."""

from __future__ import annotations

import re
from typing import Any, Optional, Tuple

from worker.contract.schema import RecipeError, nearest

TRANSPARENT = "transparent"
WORDS = {"white": (255, 255, 255), "black": (0, 0, 0)}
_HEX = re.compile(r"#(?:[0-9a-f]{3}){1,2}")


def parse(value: Any, path: str) -> str:
    """A background as recipes store it: a word, or "#rrggbb" in lower case.

    `value` may also be "#rgb", or [r, g, b] of 0 to 255. Raises: RecipeError, naming key `path`.
    """
    if isinstance(value, (list, tuple)):
        if len(value) != 3 or any(type(each) is not int or not 0 <= each <= 255 for each in value):  # noqa: PLR2004 - red, green and blue
            raise RecipeError(
                f"'{path}' as a list is three whole numbers of 0 to 255, such as [128, 128, 128], "
                f"not {list(value)!r}"
            )
        return "#{:02x}{:02x}{:02x}".format(*value)
    if not isinstance(value, str):
        raise RecipeError(f"'{path}' must be a word or a colour such as \"#808080\", not {value!r}")
    text = value.lower()
    if _HEX.fullmatch(text):
        return (
            text if len(text) == len("#rrggbb") else "#" + "".join(2 * digit for digit in text[1:])
        )
    if value not in {TRANSPARENT, *WORDS}:
        known = nearest(value, (TRANSPARENT, *WORDS, "#rrggbb", "[r, g, b]"))
        raise RecipeError(f"'{path}' cannot be '{value}'{known}")
    return value


def rgb(background: str) -> Optional[Tuple[int, int, int]]:
    """Red, green and blue of a parsed background, 0 to 255 (sRGB); None if it is transparent."""
    if background == TRANSPARENT:
        return None
    if background in WORDS:
        return WORDS[background]
    red, green, blue = bytes.fromhex(background[1:])
    return red, green, blue
