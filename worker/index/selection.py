"""`--only`: the objects of a list that a person names, by uid, identifier or base name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final, Protocol

import msgspec

from worker.contract.schema import nearest_words
from worker.core.errors import ConfigurationError, one_line
from worker.index import uris

COMPARED: Final = 20_000
"""How many names a misspelt one is compared with; this takes about two seconds."""
SHOWN: Final = 3
"""How many names are examples where none is near."""
_OF_UIDS: Final = re.compile(r"[0-9a-f*?\[\]!-]+")
"""Patterns that may match a uid. For others no uid is computed, which would take most of the time
that a long list is read in."""


class Named(Protocol):
    """What can be selected: the record of a list, or the line of a ledger."""

    @property
    def uid(self) -> str:
        """The object's uid."""

    @property
    def file_identifier(self) -> str:
        """The object's identifier."""


class Selection(msgspec.Struct, frozen=True):
    """The patterns of `--only`; without any, every object is selected."""

    patterns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.patterns)

    def matches(self, found: Named) -> bool:
        """Whether the object is selected."""
        return not self.patterns or any(_fits(pattern, found) for pattern in self.patterns)

    def check(self, objects: Iterable[Named], where: str) -> None:
        """Check that each pattern matches one of `objects`, which are read as far as necessary.

        `where` says what they are, in messages. Raises: ConfigurationError, with the nearest names.
        """
        left = list(self.patterns)
        if not left:
            return
        names: dict[str, None] = {}
        for found in objects:
            left = [pattern for pattern in left if not _fits(pattern, found)]
            if not left:
                return
            if len(names) < COMPARED:
                names[base_name(found.file_identifier)] = None
        raise ConfigurationError(one_line(_unmatched(left[0], names, where)))


def base_name(identifier: str) -> str:
    """The last part of an identifier, as a person calls the object: "chair.glb"."""
    return uris.name_of(identifier) or identifier


def _fits(pattern: str, found: Named) -> bool:
    # Equal first: a name may have brackets, which mean something else in a glob.
    names = (found.file_identifier, base_name(found.file_identifier))
    if pattern in names or any(fnmatchcase(name, pattern) for name in names):
        return True
    return _OF_UIDS.fullmatch(pattern) is not None and fnmatchcase(found.uid, pattern)


def _unmatched(pattern: str, names: Iterable[str], where: str) -> str:
    known = list(names)
    near = nearest_words(base_name(pattern), known)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    if known and not near:
        hint = f", such as {', '.join(map(repr, known[:SHOWN]))}"
    return f"--only {pattern!r} matches no {where}{hint}"
