"""A deterministic zip: stored, fixed dates and attributes; checked before anyone sees it."""

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
from worker.core import keys
from worker.core.errors import NodeError
from worker.core.failpoints import Failpoint, reach
from worker.core.sha256 import sha256_of

UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError,
    NotImplementedError,
)  # fmt: skip
"""What `zipfile` raises on bytes that are not a whole zip."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an object, to be written."""

    name: str
    """Within the object's folder."""
    data: bytes
    check: Callable[[bytes], None] | None = None
    """Of an image: raises Unreadable unless it decodes to what it must."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A finished, checked zip."""

    path: Path
    sha256: str
    size: int


def write(path: Path, uid: str, members: Iterable[Member]) -> Written:
    """Write `members` in the order given, read them all back, and only then give it its name.

    `members` is taken one at a time: memory holds one member of the zip, not the zip.

    Raises: NodeError, when the disk does not take or keep it (and whatever `members` raises).
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
            f"the zip cannot be written to {path.parent}: {error.strerror or error}; "
            "free some space there, or use another scratch folder"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Written(path=path, sha256=digest, size=size)


def damage(data: bytes, uid: str) -> str | None:
    """Why these bytes are not a whole zip of the object `uid`; None if they are."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if keys.member(uid, keys.METADATA) not in archive.namelist():
                return "is of another object, or none of the worker's"
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                return "is packed otherwise than the worker's"
            broken = archive.testzip()
    except UNREADABLE as error:
        return f"is not a whole zip: {error}"
    return f"has a damaged {broken}" if broken else None


class _Expected(msgspec.Struct, frozen=True):
    name: str
    size: int
    check: Callable[[bytes], None] | None


def _write(path: Path, uid: str, members: Iterable[Member]) -> list[_Expected]:
    expected = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for member in members:
            info = entry(keys.member(uid, member.name))
            archive.writestr(info, member.data)
            expected.append(_Expected(info.filename, len(member.data), member.check))
    return expected


def _check(path: Path, expected: list[_Expected]) -> None:
    """Every member is there, in order, whole (its CRC is checked as it is read) and decodes."""
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.namelist() != [member.name for member in expected]:
                raise NodeError(f"{path} lists other members than were written to it")
            for member in expected:
                data = archive.read(member.name)
                if len(data) != member.size:
                    raise NodeError(f"{path}: {member.name} is shorter than what was written")
                if member.check is not None:
                    member.check(data)
    except (zipfile.BadZipFile, Unreadable) as error:
        raise NodeError(f"{path} does not read back as written: {error}") from error
