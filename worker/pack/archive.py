"""Deterministic zips: uncompressed, with fixed dates and attributes, verified after writing."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from worker.codecs.image_formats import Unreadable
from worker.codecs.zip_entry import entry
from worker.codecs.zip_sink import ZipSink
from worker.core import keys
from worker.core.errors import NodeError
from worker.core.failpoints import Failpoint, reach
from worker.core.sha256 import sha256_of

UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError,
    NotImplementedError,
)  # fmt: skip
"""Exceptions that `zipfile` raises for truncated or corrupt zips."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One file to write into the zip."""

    name: str
    """Path relative to the object's folder in the zip."""
    data: bytes
    check: Callable[[bytes], None] | None = None
    """Decodes the bytes read back from the zip; raises `Unreadable` if they are wrong."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A finished and verified zip."""

    path: Path
    sha256: str
    size: int


def write(path: Path, uid: str, members: Iterable[Member]) -> Written:
    """Write `members` in the order given, verify the file, then rename it to `path`.

    Members are written one at a time, so that memory holds one member and what `ZipSink` holds, not
    the whole zip.

    Raises: NodeError, if the zip cannot be written or does not read back as written; and whatever
    `members` raises.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        expected = _write(unfinished, uid, members)
        reach(Failpoint.ZIP_WRITTEN)
        _check(unfinished, expected)
        digest = sha256_of(unfinished)
        size = unfinished.stat().st_size
        unfinished.replace(path)
    except OSError as error:
        raise NodeError(
            f"cannot write the zip to {path.parent}: {error.strerror or error}; "
            "free some space there, or use another scratch folder"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Written(path=path, sha256=digest, size=size)


def damage(data: bytes, uid: str) -> str | None:
    """What is wrong with `data` as the zip of object `uid`; None if it is intact."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if keys.member(uid, keys.METADATA) not in archive.namelist():
                return "belongs to another object, or was not written by this program"
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                return "is compressed, so it was not written by this program"
            broken = archive.testzip()
    except UNREADABLE as error:
        return f"is not a complete zip: {error}"
    return f"has a damaged {broken}" if broken else None


class _Expected(msgspec.Struct, frozen=True):
    name: str
    size: int
    check: Callable[[bytes], None] | None


def _write(path: Path, uid: str, members: Iterable[Member]) -> list[_Expected]:
    expected = []
    with (
        path.open("wb") as file,
        ZipSink(file) as sink,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive,
    ):
        for member in members:
            info = entry(keys.member(uid, member.name))
            archive.writestr(info, member.data)
            expected.append(_Expected(info.filename, len(member.data), member.check))
    return expected


def _check(path: Path, expected: list[_Expected]) -> None:
    """Check that all members are present, in order, and decode; reading checks their CRCs.

    Raises: NodeError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.namelist() != [member.name for member in expected]:
                raise NodeError(f"{path} does not list the members that were written to it")
            for member in expected:
                data = archive.read(member.name)
                if len(data) != member.size:
                    raise NodeError(f"{path}: {member.name} does not have the size written")
                if member.check is not None:
                    member.check(data)
    except (zipfile.BadZipFile, Unreadable) as error:
        raise NodeError(f"{path} does not read back as written: {error}") from error
