"""Fetching the objects of a range of scenes, one by one.

An object that is missing, changed, too large or no longer a model is lost permanently; a spare one
drawn for its place replaces it, the same on every worker. A transient failure fails the range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from worker.core.errors import OBJECT_ERRORS, ObjectError
from worker.core.sha256 import sha256_of
from worker.index.record import ObjectRef, Scenes
from worker.sources.base import FetchedObject, Lost

Fetch = Callable[[ObjectRef], FetchedObject]
Release = Callable[[FetchedObject], None]


def of(ref: ObjectRef) -> tuple[ObjectRef, ...]:
    """The objects that `ref` consists of: itself, or a range's members."""
    return (ref,) if ref.scenes is None else ref.scenes.members


def fetch(
    ref: ObjectRef, scenes: Scenes, folder: Path, one: Fetch, release: Release
) -> FetchedObject:
    """Fetch all members of a range with `one`; its root is `folder`, its sha256 is over theirs.

    Raises: ObjectError, naming the member, for a transient failure or if no object is left for a
    place; whatever else `one` raises.
    """
    found: list[FetchedObject | Lost] = []
    try:
        for member in scenes.members:
            found.append(_one(member, one))  # noqa: PERF401 - what was fetched is released
        _check(scenes, found)
    except BaseException:
        for brought in found:
            if isinstance(brought, FetchedObject):
                release(brought)
        raise
    here = [member for member in found if isinstance(member, FetchedObject)]
    lines = "".join(f"{member.ref.uid} {member.sha256}\n" for member in here)
    return FetchedObject(
        ref=ref,
        root=folder,
        model="",
        sha256=sha256_of(lines.encode()),
        size=sum(member.size for member in here),
        members=tuple(found),
    )


def _one(member: ObjectRef, one: Fetch) -> FetchedObject | Lost:
    try:
        return one(member)
    except ObjectError as error:
        if error.retryable:
            raise type(error)(f"member {member.uid}: {error}") from error
        return Lost(error.code, str(error))


def _check(scenes: Scenes, found: Sequence[FetchedObject | Lost]) -> None:
    for group in scenes.groups:
        for place in group.places:
            lost = [found[number] for number in place.members]
            last = lost[-1]
            if isinstance(last, Lost) and all(isinstance(each, Lost) for each in lost):
                raise OBJECT_ERRORS[last.code](
                    f"none of the {len(lost)} objects drawn for one place of class "
                    f"{scenes.classes[place.class_idx]} can be fetched; member "
                    f"{scenes.members[place.members[-1]].uid}: {last.message}"
                )
