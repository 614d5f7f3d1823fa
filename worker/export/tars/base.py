"""What a WebDataset layout is, and the deterministic tar that it is put into."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from worker.core.errors import Unsupported
from worker.export.base import NotAsWritten
from worker.export.zips import RenderZip

Members = list[tuple[str, bytes]]
"""Names and contents, in order: what is under one key stands together."""
PLAIN_FILE: Final = 0o644
NO_PART: Final = "it is empty, or has a dot or a slash"


class Choices(msgspec.Struct, frozen=True):
    """What a layout may be told."""

    category: str
    background: str


class TarLayout(msgspec.Struct, frozen=True):
    """How one reader wants its tars."""

    members: Callable[[RenderZip, Choices], Members]
    """One object's."""
    last: Callable[[str], Members]
    """What a shard of this name ends with."""
    endings: Callable[[str], frozenset[str] | None]
    """Of a key, what it must have, as "png", "json"; None for a key that may be alone."""


def write(path: Path, objects: Iterable[Members], last: Members) -> None:
    """Write a tar whose bytes depend on its members alone; one object is in memory at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb") as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for members in objects:
            _add(tar, members)
        _add(tar, last)


def _add(tar: tarfile.TarFile, members: Members) -> None:
    for name, data in members:
        tar.addfile(_info(name, data), io.BytesIO(data))


def _info(name: str, data: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), PLAIN_FILE
    return info


def fitting(members: Members) -> Members:
    """`members`, if a tar takes their names. Raises: Unsupported."""
    for name, data in members:
        try:
            _info(name, data).tobuf(tarfile.USTAR_FORMAT)
        except ValueError as error:
            raise Unsupported(f"no tar takes a member named {name[:60]!r}…: {error}") from error
    return members


def read(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Keys with their members by ending, as WebDataset groups them. Raises: NotAsWritten."""
    key, sample = "", dict[str, bytes]()
    try:
        with tarfile.open(path, "r:") as tar:
            for info in tar:
                here, ending = split(info.name)
                if sample and here != key:
                    yield key, sample
                    sample = {}
                key = here
                sample[ending] = _content(tar.extractfile(info))
        if sample:
            yield key, sample
    except (tarfile.TarError, OSError) as error:
        raise NotAsWritten(f"{path.name}: {error}") from error


def split(name: str) -> tuple[str, str]:
    """A member's key and ending: the base name is cut at its first dot."""
    folder, slash, base = name.rpartition("/")
    stem, _, ending = base.partition(".")
    return f"{folder}{slash}{stem}", ending


def fits_key(name: str) -> bool:
    """Whether `name` may be a part of a key."""
    return bool(name) and "/" not in name and "." not in name and name.isprintable()


def no_dots(name: str, what: str) -> str:
    """`name`, if it may be a part of a key. Raises: Unsupported."""
    if not fits_key(name):
        raise Unsupported(f"{what} {name!r} cannot be part of a key: {NO_PART}")
    return name


def _content(file: IO[bytes] | None) -> bytes:
    if file is None:
        raise NotAsWritten("a member that is no file")
    return file.read()
