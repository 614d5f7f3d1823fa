"""What every record offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from worker.contract.protocol import View
from worker.contract.recipe import Recipe
from worker.pack.placement import Placement

Files = dict[str, bytes]
"""Contents by name, relative to the object's folder."""
Facts = Mapping[str, Mapping[str, dict[str, Any]]]
"""By view's name, then image kind: what is special to that image; see `Kind.facts`."""


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an object once its images are made."""

    views: Sequence[View]
    placement: Placement
    facts: Facts
    coverage: Mapping[str, float]
    """By view's name: see `worker.pack.coverage`."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Files about each view, files about all of them, or both."""

    name: str
    """As a recipe's `records` has it."""
    of_view: Callable[[int, View, Placement], Files] | None = None
    """Of view number 0, 1, …; they lie beside its images."""
    of_all: Callable[[Taken, Recipe], Files] | None = None
