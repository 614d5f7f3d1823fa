"""What both manifests share: written once, read strictly, compared with what is to be made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Self, TypeVar

import msgspec
import structlog

from worker.core.errors import OutputMismatch, StoreError, one_line
from worker.core.json_errors import NOT_JSON, why
from worker.stores.base import Store

log = structlog.get_logger(__name__)

VERSION: Final = 1
"""Version of the file format of both."""
WORKER: Final = "render-worker"
BLENDER: Final = "Blender"
T = TypeVar("T")
_SERIES: Final = re.compile(r"[0-9]+\.[0-9]+")
"""Major and minor number; programs of one series may work on one place."""


class _Head(msgspec.Struct, frozen=True):
    """What a manifest of any version has."""

    format: str
    version: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Binds a place to what is made there; its fields are the file's, in the file's order."""

    KEY: ClassVar[str]
    FORMAT: ClassVar[str]
    WHAT: ClassVar[str]
    """What the file is, for a person."""
    PLACE: ClassVar[str]
    """What the file binds."""
    ELSEWHERE: ClassVar[str]
    """Where a person may go instead."""
    OTHERS: ClassVar[Mapping[str, str]]
    """Keys of manifests of other kinds, each to what a place that has one is."""
    PROGRAMS: ClassVar[Mapping[str, str]]
    """Programs whose series is bound too, each to the field with the version that began the place.
    """

    format: str
    version: int

    @property
    def versions(self) -> dict[str, str]:
        """Each program's version."""
        return {program: getattr(self, field) for program, field in self.PROGRAMS.items()}

    @classmethod
    def where(cls, store: Store) -> str:
        """The file's URI."""
        return f"{store.uri.rstrip('/')}/{cls.KEY}"

    @classmethod
    def read(cls, store: Store) -> Self | None:
        """The manifest in `store`, or None where there is none yet.

        Raises: OutputMismatch, where it is not one that this program reads; StoreError.
        """
        body = store.read(cls.KEY)
        if body is None:
            return None
        try:
            head = msgspec.json.decode(body, type=_Head)
            if head.format != cls.FORMAT:
                raise _mismatch(
                    f"{cls.where(store)} is not {cls.WHAT} of this program: its format is "
                    f"{head.format!r}, not {cls.FORMAT!r}"
                )
            if head.version != VERSION:
                raise _mismatch(
                    f"{cls.where(store)} is of version {head.version}, and this program reads "
                    f"version {VERSION}; use the {WORKER} that wrote it, or {cls.ELSEWHERE}"
                )
            return msgspec.json.decode(body, type=cls)
        except NOT_JSON as error:
            raise _mismatch(
                f"{cls.where(store)} is not {cls.WHAT} of this program: {why(error)}"
            ) from error

    def bind(self, store: Store, *, mix_versions: bool = False) -> None:
        """Write this manifest to a new place, or prove that the one that stands there agrees.

        One that stands is never changed. With `mix_versions` programs of another series may have
        begun the place; a warning names them.

        Raises: OutputMismatch, StoreError.
        """
        self.check_kind(store)
        found = self.read(store)
        if found is None:
            body = msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
            if store.create(self.KEY, body):
                return
            found = self.read(store)
        if found is None:
            raise StoreError(f"{self.where(store)} was removed as this worker began; run again")
        found.check_versions(store, self.versions, mix_versions=mix_versions)
        found.check_asked(store, self)
        if others := found.other_series(self.versions):
            log.warning("versions are mixed here", begun_with=others, now=self.versions)

    @classmethod
    def check_kind(cls, store: Store) -> None:
        """Refuse a place of another kind. Raises: OutputMismatch, StoreError."""
        for key, what in cls.OTHERS.items():
            if store.read(key) is not None:
                raise OutputMismatch(f"{store.uri} is {what}")

    def check_asked(self, store: Store, asked: Self) -> None:
        """Refuse to make what `asked` says beside what this says. Raises: OutputMismatch."""
        raise NotImplementedError

    def check_versions(
        self, store: Store, now: Mapping[str, str], *, mix_versions: bool = False
    ) -> None:
        """Refuse programs of another series, unless told to mix them. Raises: OutputMismatch.

        now: the versions at work, by program; what it does not name is not compared.
        """
        if mix_versions:
            return
        for program, version in self.other_series(now).items():
            raise _mismatch(
                f"{self.where(store)}: this {self.PLACE} was begun with {program} "
                f"{_named(version)}, and this is {program} {_named(now[program])}; use {program} "
                f"{_named(_series(version))}, {self.ELSEWHERE}, or --mix-versions"
            )

    def check_same(
        self, store: Store, what: str, theirs: T, ours: T, show: Callable[[T], str] = str
    ) -> None:
        """Refuse `ours` where the place is bound to something else. Raises: OutputMismatch."""
        if theirs != ours:
            raise _mismatch(
                f"{self.where(store)} binds this {self.PLACE} to another {what}: "
                f"{show(theirs)}, not {show(ours)}; use the same, or {self.ELSEWHERE}"
            )

    def other_series(self, now: Mapping[str, str]) -> dict[str, str]:
        """Programs that began the place in another series than is at work; their versions."""
        return {
            program: version
            for program, version in self.versions.items()
            if program in now and _series(version) != _series(now[program])
        }


def short(digest: str) -> str:
    """The beginning of a digest, for a person."""
    return f"{digest[:12]}…"


def _mismatch(said: str) -> OutputMismatch:
    """The error that says so in one line, whatever the file has in it."""
    return OutputMismatch(one_line(said))


def _series(version: str) -> str:
    """Major and minor of a version; one without them is a series of its own."""
    found = _SERIES.match(version)
    return found[0] if found else version


def _named(version: str) -> str:
    """A version for a person, in quotes where it is none."""
    return version if _SERIES.match(version) else repr(version)
