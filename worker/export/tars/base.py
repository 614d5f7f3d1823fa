"""The interface of a WebDataset layout, and reproducible tars."""

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
"""File names and contents, in order; those with the same key are adjacent."""
PLAIN_FILE: Final = 0o644
NO_PART: Final = "it is empty, or has a dot, a slash or unprintable characters"


class Choices(msgspec.Struct, frozen=True):
    """The options of a layout."""

    category: str
    """The category of objects whose metadata names none."""
    background: str
    """The background colour: "white" or "black"."""


class TarLayout(msgspec.Struct, frozen=True):
    """The tar layout of one reader."""

    members: Callable[[RenderZip, Choices], Members]
    """Makes one object's members. Raises: Unsupported, RenderFailed."""
    last: Callable[[str], Members]
    """Makes the members at the end of the shard with this name."""
    endings: Callable[[str], frozenset[str] | None]
    """Returns the extensions that a key must have, such as "png" and "json"; None for any."""


def write(path: Path, objects: Iterable[Members], last: Members) -> None:
    """Write a tar whose bytes depend only on its members; memory holds one object at a time."""
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
    """Return `members` if their names fit into a tar. Raises: Unsupported, otherwise."""
    for name, data in members:
        try:
            _info(name, data).tobuf(tarfile.USTAR_FORMAT)
        except ValueError as error:
            raise Unsupported(f"name {name[:60]!r}… does not fit into a tar: {error}") from error
    return members


def read(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Iterate over keys and their members by extension, grouped as webdataset groups them.

    Raises: NotAsWritten.
    """
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
    """Split a member's name into key and extension, at the first dot of its base name."""
    folder, slash, base = name.rpartition("/")
    stem, _, ending = base.partition(".")
    return f"{folder}{slash}{stem}", ending


def fits_key(name: str) -> bool:
    """Whether `name` can be part of a key."""
    return bool(name) and "/" not in name and "." not in name and name.isprintable()


def no_dots(name: str, what: str) -> str:
    """Return `name` if it can be part of a key. Raises: Unsupported, otherwise."""
    if not fits_key(name):
        raise Unsupported(f"{what} {name!r} cannot be part of a key: {NO_PART}")
    return name


def _content(file: IO[bytes] | None) -> bytes:
    if file is None:
        raise NotAsWritten("a member is not a regular file")
    return file.read()
