"""One object's zip, read member by member and checked on the way.

Zips are untrusted, since anyone who can write to the store can replace them. The worker's own are
uncompressed, without comments, and have one folder named after the object; any other zip is
refused. Sizes are checked before data is read, and nothing is extracted to disk.
"""

from __future__ import annotations

import json
import re
import struct
import zipfile
import zlib
from collections.abc import Collection
from typing import Any, Final, Protocol

from render_worker.errors import DamagedZip
from render_worker.files import File, Raw

MEMBER_LIMIT: Final = 1 << 28
"""Maximum size of a member, in bytes."""
LARGEST: Final = 1 << 31
"""Maximum size of a zip, packed and unpacked, in bytes."""
DIRECTORY_LIMIT: Final = 1 << 24
"""Maximum size of a zip's list of members, in bytes."""
UID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
METADATA: Final = "metadata.json"

MESSAGE: Final = 1000
"""Maximum length of what a message quotes, in characters."""

_END: Final = struct.Struct("<4s4H2LH")
"""A zip's last record: signature, four counts, size and offset of the list, comment's length."""
_LOCAL: Final = struct.Struct("<4s5H3L2H")
"""The header in front of a member; its last two fields are the lengths of name and extra field."""
_TRUNCATED: Final = "is not a complete zip"


class Members(Protocol):
    """The files of one object, by their path relative to the object's folder."""

    where: str
    """For messages."""

    @property
    def uid(self) -> str:
        """The object's uid. Raises: DamagedZip."""
        ...

    def names(self) -> Collection[str]:
        """The paths of all files. Raises: DamagedZip, PlaceError."""
        ...

    def read(self, name: str) -> bytes:
        """One file. Raises: DamagedZip, also if there is none; PlaceError."""
        ...


class Archive:
    """The zip of one object; it is opened when something is read of it.

    uid: the object's, if it is known; a zip of another object is refused.
    """

    def __init__(self, file: File, uid: str | None = None) -> None:
        self.where = file.name
        self._file = file
        self._uid = uid
        self._found: dict[str, zipfile.ZipInfo] | None = None

    @property
    def uid(self) -> str:
        """The object's uid. Raises: DamagedZip, PlaceError."""
        if self._uid is None:
            self._members()
        assert self._uid is not None  # noqa: S101 - _members found it
        return self._uid

    def names(self) -> Collection[str]:
        """The paths of all files. Raises: DamagedZip, PlaceError."""
        return self._members().keys()

    def read(self, name: str) -> bytes:
        """One file, its CRC checked. Raises: DamagedZip, also if there is none; PlaceError."""
        info = self._members().get(name)
        if info is None:
            raise damaged(self, f"has no {name}")
        # With the data, which follows the name; the worker's own zips have no extra field.
        usual = _LOCAL.size + len(info.orig_filename)
        found = self._file.read(info.header_offset, usual + info.file_size)
        if len(found) < _LOCAL.size or found[:4] != b"PK\x03\x04":
            raise damaged(self, f"has a damaged {name}: its header is missing")
        _, _, flags, method, *_, name_size, extra_size = _LOCAL.unpack_from(found)
        if method != zipfile.ZIP_STORED or flags & 1:
            raise damaged(self, f"has a {name} that is compressed or encrypted")
        start = _LOCAL.size + name_size + extra_size
        if start == usual:
            data = found[start:]
        else:
            data = self._file.read(info.header_offset + start, info.file_size)
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise damaged(self, f"has a damaged {name}: its bytes do not match their checksum")
        return data

    def _members(self) -> dict[str, zipfile.ZipInfo]:
        """The members by their path in the object's folder. Raises: DamagedZip, PlaceError."""
        if self._found is None:
            listed = self._listed()
            folders = {info.filename.partition("/")[0] for info in listed}
            uid = self._uid or next(iter(folders), "")
            if folders != {uid} or not UID.fullmatch(uid):
                raise damaged(self, "does not have one folder named after its object")
            self._check(listed)
            self._uid = uid
            self._found = {info.filename[len(uid) + 1 :]: info for info in listed}
            if METADATA not in self._found:
                raise damaged(self, f"has no {METADATA}, so it was not written by render-worker")
        return self._found

    def _listed(self) -> list[zipfile.ZipInfo]:
        size = self._file.size()
        if size > LARGEST:
            raise damaged(self, f"has {size} bytes, more than the limit {LARGEST}")
        end = self._file.read(max(0, size - _END.size), _END.size)
        if len(end) < _END.size or end[:4] != b"PK\x05\x06":
            raise damaged(self, f"{_TRUNCATED}: its end is missing")
        length = _END.unpack(end)[5]
        if length > DIRECTORY_LIMIT:
            raise damaged(self, "has too long a list of members")
        try:
            with zipfile.ZipFile(Raw(self._file, max(0, size - _END.size - length))) as opened:
                return opened.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError) as error:
            raise damaged(self, f"{_TRUNCATED}: {error}") from error

    def _check(self, listed: list[zipfile.ZipInfo]) -> None:
        """Check what the zip says of its members, before any is read. Raises: DamagedZip."""
        for info in listed:
            parts = info.filename.split("/")
            plain = info.filename.isprintable() and "\\" not in info.filename
            if not plain or not {"", ".", ".."}.isdisjoint(parts):
                raise damaged(self, f"has a member named {info.filename!r}")
            if info.header_offset < 0:
                raise damaged(self, f"{_TRUNCATED}: its start is missing")
            if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
                raise damaged(self, f"has a {info.filename} that is compressed")
            if info.file_size > MEMBER_LIMIT:
                raise damaged(self, f"has a {info.filename} of more than {MEMBER_LIMIT >> 20} MB")
        if len({info.filename for info in listed}) != len(listed):
            raise damaged(self, "has two members of one name")
        if sum(info.file_size for info in listed) > LARGEST:
            raise damaged(self, f"unpacks to more than {LARGEST >> 20} MB")


def damaged(members: Members, what: str) -> DamagedZip:
    """The error that says what is wrong with an object's files, such as "has no cameras"."""
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in what)
    return DamagedZip(f"{members.where} {text[:MESSAGE]}")


def document(members: Members, name: str) -> dict[str, Any]:
    """A JSON file that holds an object. Raises: DamagedZip, PlaceError."""
    try:
        found = json.loads(members.read(name))
    except (ValueError, RecursionError) as error:
        raise damaged(members, f"has an invalid {name}: {error}") from error
    if not isinstance(found, dict):
        raise damaged(members, f"has a {name} that holds no object")
    return found
