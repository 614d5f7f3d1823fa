"""Declarations of a recipe's keys (default, range, meaning), and the check of values by them.

Both sides use it: the host builds a recipe from TOML (`worker.presets`), the child from the
message. `presets show`, the checks and the docs read the declarations.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import typing
from typing import Any, Callable, Iterator, Optional, Union

LIKE = 0.6
"""Smallest similarity of two words, 0 to 1, at which one is suggested for the other."""
PART = 0.7
"""Similarity assigned to a prefix or part."""
LEAST_PART = 3
"""Smallest number of letters of such a prefix or part."""
MOST_MEANT = 3
"""Maximum suggestions listed when several tie."""


class RecipeError(ValueError):
    """An unknown key or a value that is not allowed; the message names it."""


def key(
    default: Any,
    doc: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    parse: Optional[Callable[[Any, str], Any]] = None,
) -> Any:
    """Declare one recipe key: its default, its one-line meaning and its allowed values.

    `parse` makes the value of a key in a form of its own from what is given and the key's path.
    """
    about = {"doc": doc, "choices": choices, "low": low, "high": high, "unit": unit, "parse": parse}
    return dataclasses.field(default=default, metadata=about)


def section(kind: type, doc: str) -> Any:
    """Declare a table of keys."""
    return dataclasses.field(default_factory=kind, metadata={"doc": doc})


def build(kind: type, values: dict[str, Any], where: str = "", root: Optional[type] = None) -> Any:
    """Build `kind`, a dataclass of declared keys, from plain values; absent keys have defaults.

    For a table inside a recipe, `where` is its path, "camera.", and `root` the recipe's type.

    Raises: RecipeError, naming the key, what is wrong and what is allowed.
    """
    hints = _hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    root = root or kind
    made = {}
    for name, value in values.items():
        path = f"{where}{name}"
        if name not in fields:
            others = [other for other in paths(root) if not (where and other.startswith(where))]
            raise RecipeError(f"unknown key '{path}'{nearest(name, fields, others)}")
        if dataclasses.is_dataclass(hints[name]):
            if not isinstance(value, dict):
                raise RecipeError(f"'{path}' must be a table of keys, not {value!r}")
            made[name] = build(hints[name], value, f"{path}.", root)
        else:
            made[name] = _checked(value, hints[name], fields[name].metadata, path)
    return kind(**made)


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of a dataclass's fields, whose annotations Python compiles each time."""
    return typing.get_type_hints(kind)


def paths(kind: type, where: str = "") -> Iterator[str]:
    """The dotted path of every key and table of `kind`, a dataclass of declared keys."""
    for name, hint in _hints(kind).items():
        yield where + name
        if dataclasses.is_dataclass(hint):
            yield from paths(typing.cast(type, hint), f"{where}{name}.")


def nearest(word: str, allowed: typing.Iterable[str], elsewhere: typing.Iterable[str] = ()) -> str:
    """A clause with the nearest words and with all allowed ones.

    The nearest may be one of the dotted paths `elsewhere`; their last part is compared too.
    """
    options = sorted(allowed)
    close = nearest_words(word, options, elsewhere)
    meant = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    return f"{meant} (allowed: {', '.join(options)})"


def nearest_words(
    word: str, options: typing.Iterable[str], elsewhere: typing.Iterable[str] = ()
) -> typing.List[str]:
    """The `options`, and the dotted paths `elsewhere`, that `word` may have meant."""
    alike = {option: _alike(word, option) for option in sorted(options)}
    for path in elsewhere:
        alike.setdefault(path, max(_alike(word, path), _alike(word, path.rpartition(".")[2])))
    most = max([LIKE, *alike.values()])
    return [option for option, found in alike.items() if found >= most][:MOST_MEANT]


def _alike(word: str, option: str) -> float:
    """Similarity of two words, 0 to 1, ignoring case."""
    word, option = word.casefold(), option.casefold()
    ratio = difflib.SequenceMatcher(None, option, word).ratio()
    part = len(word) >= LEAST_PART and (word in option or word.startswith(option))
    return max(ratio, PART) if part else ratio


def _checked(value: Any, hint: Any, about: typing.Mapping[str, Any], path: str) -> Any:
    if about["parse"]:
        return about["parse"](value, path)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Union:  # a number, or one of the words that stand in its place
        words = [word for arg in args for word in typing.get_args(arg)]
        if isinstance(value, str):
            if value not in words:
                raise RecipeError(f"'{path}' is a number or {' or '.join(map(repr, words))}")
            return value
        hint = next(arg for arg in args if not typing.get_args(arg))
    if origin is tuple and args[-1] is Ellipsis:
        if not isinstance(value, (list, tuple)):
            example = '["…"]' if args[0] is str else "[…]"
            raise RecipeError(f"'{path}' must be a list, such as {example}, not {value!r}")
        if typing.get_origin(args[0]) is tuple and not all(
            isinstance(x, (list, tuple)) for x in value
        ):
            raise RecipeError(
                f"'{path}' must be a list of lists, such as [[1, 0, 1]], not {value!r}"
            )
        return tuple(_checked(item, args[0], about, path) for item in value)
    if origin is tuple:
        items = value if isinstance(value, (list, tuple)) else [value] * len(args)
        if len(items) != len(args):
            raise RecipeError(f"'{path}' must be {len(args)} numbers, not {value!r}")
        return tuple(_scalar(item, arg, about, path) for item, arg in zip(items, args))
    return _scalar(value, hint, about, path)


def _scalar(value: Any, kind: type, about: typing.Mapping[str, Any], path: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        names = {int: "a whole number", float: "a number", bool: "true or false", str: "a string"}
        raise RecipeError(f"'{path}' must be {names[kind]}, not {value!r}")
    if about["choices"] and value not in about["choices"]:
        raise RecipeError(f"'{path}' cannot be '{value}'{nearest(str(value), about['choices'])}")
    low, high = about["low"], about["high"]
    if kind in (int, float) and not (
        (low is None or value >= low) and (high is None or value <= high)
    ):
        raise RecipeError(f"'{path}' is {value!r}, allowed: {bounds(low, high)}")
    return value


def bounds(low: float | None, high: float | None) -> str:
    """A range in words; "" if there is none."""
    ends = [
        "" if end is None else str(int(end)) if end == int(end) else str(end) for end in (low, high)
    ]
    if high is None:
        return "" if low is None else f"at least {ends[0]}"
    return f"at most {ends[1]}" if low is None else f"{ends[0]} to {ends[1]}"
