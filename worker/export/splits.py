"""Splits views into training, validation and test, by counts or by fractions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, TypeVar

from worker.core.errors import Unsupported
from worker.export.zips import RenderZip

NAMES: Final = ("train", "val", "test")
DEFAULT: Final = "0.8,0.1,0.1"

T = TypeVar("T")


def parsed(text: str) -> tuple[float, float, float]:
    """Parse "train,val,test": whole numbers are counts, else fractions with a sum of at most 1.

    Raises: ValueError.
    """
    try:
        train, val, test = (float(word) for word in text.split(","))
    except ValueError as error:
        raise ValueError(
            f"--splits {text!r}: give three numbers train,val,test, such as 80,10,10 or {DEFAULT}"
        ) from error
    numbers = (train, val, test)
    if not all(0 <= number < 1e9 for number in numbers) or train == 0:  # noqa: PLR2004 - finite
        raise ValueError(f"--splits {text!r}: train must be above 0, val and test at least 0")
    if not _are_counts(numbers) and sum(numbers) > 1 + 1e-9:
        raise ValueError(
            f"--splits {text!r}: give whole numbers, or fractions whose sum is at most 1"
        )
    return numbers


def fit(asked: str | None, count: int) -> bool:
    """Whether as many views as `count` are enough."""
    train, val, test = _counts(parsed(asked or DEFAULT), count)
    return train + val + test <= count and train >= 1


def of(zipped: RenderZip, asked: str | None) -> dict[str, list[int]]:
    """Split name to the numbers of its views, ascending; some views may be in no split.

    If `asked` is None, the preset's split applies, else `DEFAULT`. Held-out views are spread evenly
    over all views, so that they surround the object in a turntable.

    Raises: Unsupported, if there are too few views.
    """
    count = len(zipped.views)
    own = zipped.cameras.splits
    if asked is None and own:
        ends = [sum(own.get(name, 0) for name in NAMES[: i + 1]) for i in range(3)]
        cut = zip(NAMES, [0, *ends], ends, strict=False)
        return {name: list(range(low, min(high, count))) for name, low, high in cut}
    train, val, test = _counts(parsed(asked or DEFAULT), count)
    if not fit(asked, count):
        raise Unsupported(
            f"{zipped.uid} has {count} views, but the splits need {train} for training, "
            f"{val} for validation and {test} for test"
        )
    held, kept = _apart(list(range(count)), val + test)
    tested, validated = _apart(held, test)
    return {"train": _apart(kept, train)[0], "val": validated, "test": tested}


def _are_counts(numbers: Sequence[float]) -> bool:
    return all(number == int(number) for number in numbers) and sum(numbers) > 1


def _counts(numbers: tuple[float, float, float], count: int) -> tuple[int, int, int]:
    if _are_counts(numbers):
        train, val, test = (int(number) for number in numbers)
        return train, val, test
    # The largest remainder method: fractions with a sum of 1 use every view. Exact decimals make
    # equal remainders compare equal; ties favour training.
    wanted = [Fraction(str(share)) * count for share in numbers]
    whole = [int(each) for each in wanted]
    last = sorted(range(len(whole)), key=lambda i: whole[i] - wanted[i])
    for i in last[: round(sum(wanted)) - sum(whole)]:
        whole[i] += 1
    train, val, test = whole
    return train, val, test


def _apart(values: list[T], count: int) -> tuple[list[T], list[T]]:
    """Pick `count` evenly spread values; returns them and the rest."""
    chosen = {(2 * i + 1) * len(values) // (2 * count) for i in range(count)}
    return (
        [value for i, value in enumerate(values) if i in chosen],
        [value for i, value in enumerate(values) if i not in chosen],
    )
