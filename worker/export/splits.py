"""Which views are for training, validation and test, said as counts or as shares."""

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
    """Three numbers: all whole, counts; else shares of at most 1 together. Raises: ValueError."""
    try:
        train, val, test = (float(word) for word in text.split(","))
    except ValueError as error:
        raise ValueError(
            f"--splits {text!r}: three numbers as train,val,test, such as 80,10,10 or {DEFAULT}"
        ) from error
    numbers = (train, val, test)
    if not all(0 <= number < 1e9 for number in numbers) or train == 0:  # noqa: PLR2004 - finite
        raise ValueError(f"--splits {text!r}: none below 0, and some to train on")
    if not _are_counts(numbers) and sum(numbers) > 1 + 1e-9:
        raise ValueError(f"--splits {text!r}: shares are at most 1 together; counts are whole")
    return numbers


def of(zipped: RenderZip, asked: str | None) -> dict[str, list[int]]:
    """Numbers of the views of each split, ascending; views may be left over.

    Without `asked` it is the preset's own split, and without one `DEFAULT`. What is held out lies
    evenly among the views: in a turntable all around. Raises: Unsupported, with too few views.
    """
    count = len(zipped.views)
    own = zipped.cameras.splits
    if asked is None and own:
        ends = [sum(own.get(name, 0) for name in NAMES[: i + 1]) for i in range(3)]
        cut = zip(NAMES, [0, *ends], ends, strict=False)
        return {name: list(range(low, min(high, count))) for name, low, high in cut}
    train, val, test = _counts(parsed(asked or DEFAULT), count)
    if train + val + test > count or train < 1:
        raise Unsupported(
            f"{zipped.uid} has {count} views, the splits ask for {train} to train on, "
            f"{val} to validate, {test} to test"
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
    # By the largest remainder: shares of 1 together leave no view over. In decimals, as they were
    # said, that equal remainders are equal; of these the first is for training.
    wanted = [Fraction(str(share)) * count for share in numbers]
    whole = [int(each) for each in wanted]
    last = sorted(range(len(whole)), key=lambda i: whole[i] - wanted[i])
    for i in last[: round(sum(wanted)) - sum(whole)]:
        whole[i] += 1
    train, val, test = whole
    return train, val, test


def _apart(values: list[T], count: int) -> tuple[list[T], list[T]]:
    """`count` of the values, evenly spread, and the rest."""
    chosen = {(2 * i + 1) * len(values) // (2 * count) for i in range(count)}
    return (
        [value for i, value in enumerate(values) if i in chosen],
        [value for i, value in enumerate(values) if i not in chosen],
    )
