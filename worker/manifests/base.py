"""What all manifests share: written once, decoded strictly, and compared with a new run."""

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
"""Version of the file format of all manifests."""
WORKER: Final = "render-worker"
BLENDER: Final = "Blender"
T = TypeVar("T")
_SERIES: Final = re.compile(r"[0-9]+\.[0-9]+")
"""A version's series: major and minor number. Programs of one series may share an output."""


class _Head(msgspec.Struct, frozen=True):
    """The fields that a manifest of any version has."""

    format: str
    version: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Binds an output or data set to what it is made from.

    The fields are those of the JSON file, in the file's order.
    """

    KEY: ClassVar[str]
    FORMAT: ClassVar[str]
    WHAT: ClassVar[str]
    """What the file is, in messages: "a job"."""
    PLACE: ClassVar[str]
    """What the file binds, in messages: "output"."""
    ELSEWHERE: ClassVar[str]
    """What the user can choose instead, in messages: "another --output"."""
    OTHERS: ClassVar[Mapping[str, str]]
    """Keys of the other kinds of manifest, each with a message that says what has such a key."""
    PROGRAMS: ClassVar[Mapping[str, str]]
    """Programs whose series is bound, each with the field that has the version it began with."""

    format: str
    version: int

    @property
    def versions(self) -> dict[str, str]:
        """The version of each program that began the output or data set."""
        return {program: getattr(self, field) for program, field in self.PROGRAMS.items()}

    @classmethod
    def where(cls, store: Store) -> str:
        """The file's URI."""
        return f"{store.uri.rstrip('/')}/{cls.KEY}"

    @classmethod
    def read(cls, store: Store) -> Self | None:
        """The manifest in `store`, or None if there is none.

        Raises: OutputMismatch, if this program cannot read it; StoreError.
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
                    f"{cls.where(store)} has format version {head.version}, but this program reads "
                    f"version {VERSION}; use the {WORKER} that wrote it, or {cls.ELSEWHERE}"
                )
            return msgspec.json.decode(body, type=cls)
        except NOT_JSON as error:
            raise _mismatch(
                f"{cls.where(store)} is not {cls.WHAT} of this program: {why(error)}"
            ) from error

    def bind(self, store: Store, *, mix_versions: bool = False) -> None:
        """Write this manifest to `store`, or check that the existing one agrees with it.

        An existing manifest is never changed. With `mix_versions`, programs of another series may
        have begun the output; a warning names them.

        Raises: OutputMismatch, if the existing manifest disagrees; StoreError.
        """
        self.check_kind(store)
        found = self.read(store)
        if found is None:
            body = msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
            if store.create(self.KEY, body):
                return
            found = self.read(store)
        if found is None:
            raise StoreError(f"{self.where(store)} was removed during the start; run again")
        found.check_versions(store, self.versions, mix_versions=mix_versions)
        found.check_asked(store, self)
        if others := found.other_series(self.versions):
            log.warning("mixed versions", begun_with=others, now=self.versions)

    @classmethod
    def check_kind(cls, store: Store) -> None:
        """Refuse a store with a manifest of another kind. Raises: OutputMismatch, StoreError."""
        for key, what in cls.OTHERS.items():
            if store.read(key) is not None:
                raise OutputMismatch(f"{store.uri} is {what}")

    def check_asked(self, store: Store, asked: Self) -> None:
        """Refuse `asked`, the manifest of a new run, if it disagrees. Raises: OutputMismatch."""
        raise NotImplementedError

    def check_versions(
        self, store: Store, now: Mapping[str, str], *, mix_versions: bool = False
    ) -> None:
        """Refuse programs of another series, unless `mix_versions`. Raises: OutputMismatch.

        now: versions of the running programs, by program; others are not compared.
        """
        if mix_versions:
            return
        for program, version in self.other_series(now).items():
            raise _mismatch(
                f"{self.where(store)}: this {self.PLACE} was begun with {program} "
                f"{_shown(version)}, but this is {program} {_shown(now[program])}; use {program} "
                f"{_shown(_series(version))}, {self.ELSEWHERE}, or --mix-versions"
            )

    def check_same(
        self, store: Store, what: str, theirs: T, ours: T, show: Callable[[T], str] = str
    ) -> None:
        """Refuse `ours` if it differs from the bound value `theirs`. Raises: OutputMismatch."""
        if theirs != ours:
            raise _mismatch(
                f"{self.where(store)} binds this {self.PLACE} to another {what}: "
                f"{show(theirs)}, not {show(ours)}; use the same, or {self.ELSEWHERE}"
            )

    def other_series(self, now: Mapping[str, str]) -> dict[str, str]:
        """Programs whose recorded series differs from the running one, and the recorded version."""
        return {
            program: version
            for program, version in self.versions.items()
            if program in now and _series(version) != _series(now[program])
        }


def short(digest: str) -> str:
    """The first 12 characters of a digest, for messages."""
    return f"{digest[:12]}…"


def _mismatch(message: str) -> OutputMismatch:
    """The error with `message` on one line, because it may quote the file."""
    return OutputMismatch(one_line(message))


def _series(version: str) -> str:
    """Major and minor number of a version; a version without them is its own series."""
    found = _SERIES.match(version)
    return found[0] if found else version


def _shown(version: str) -> str:
    """A version for messages, in quotes if it has no version number."""
    return version if _SERIES.match(version) else repr(version)
