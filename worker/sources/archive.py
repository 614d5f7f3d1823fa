"""Unpacking untrusted archives, and finding the model in them.

An archive is refused if it names a file outside its folder, exceeds the limits on entries or bytes
(counted as they are written, whatever its headers say), contains a file twice, or is encrypted.
Links and devices in it are skipped.
"""

from __future__ import annotations

import errno
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from worker.core.deadline import Deadline
from worker.core.errors import ImportFailed, Missing, ObjectError, Unsupported
from worker.core.formats import ARCHIVE_SUFFIXES, MODEL_SUFFIXES, suffix_of
from worker.core.transfer import check_size
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject, FetchLimits
from worker.sources.names import known_formats, safe_member
from worker.sources.unpack import BROKEN, ArchiveEntry, copy, entries

SELF_CONTAINED = frozenset({"glb", "stl", "ply", "off", "usdz"})
"""Formats whose one file is the whole object, as they are used in practice."""


class ArchivePath(NamedTuple):
    """A location: a file, and a member of it if the file is an archive."""

    file: str
    member: str | None


def split(location: str) -> ArchivePath:
    """Split ``archive.zip!/member``; without "!/" after an archive there is no member."""
    for suffix in ARCHIVE_SUFFIXES:
        file, mark, member = location.partition(f"{suffix}!/")
        if mark:
            return ArchivePath(file + suffix, member)
    return ArchivePath(location, None)


def is_archive(path: Path, name: str) -> bool:
    """Whether to unpack the file at `path`, called `name`: by its name, or a zip by its bytes.

    A usdz is a zip too, but it is itself the model.
    """
    if name.lower().endswith(ARCHIVE_SUFFIXES):
        return True
    return suffix_of(name) != "usdz" and zipfile.is_zipfile(path) and _starts_as_zip(path)


def unpack_model(
    ref: ObjectRef, archive: Path, name: str, member: str | None, into: Path,
    limits: FetchLimits, deadline: Deadline,
) -> FetchedObject:  # fmt: skip
    """Unpack `archive` (called `name`) below `into` and choose the model in it.

    If `member` is given, only its folder is unpacked (or `ref.root`, if that is
    ``archive!/folder``), and for a self-contained format only the member.

    Raises: ImportFailed, TooLarge, Missing, Unsupported, Download (timeout).
    """
    within = _within(ref, member)
    root = into / "files"
    root.mkdir()
    try:
        files = _extract(archive, name, root, within, limits, deadline)
    except ObjectError:
        raise
    except BROKEN as error:
        raise _broken(name, error) from error
    except OSError as error:
        # The standard library seeks to a broken archive's offsets, or raises without an errno.
        if error.errno in {None, errno.EINVAL}:
            raise _broken(name, ValueError("an offset in it leads outside the file")) from error
        raise
    model = choose(files, name, member, (ref.file_type or "").strip(".").lower())
    size = (root / model).stat().st_size
    return FetchedObject(ref=ref, root=root, model=model, sha256="", size=size)


def choose(files: Iterable[tuple[str, int]], name: str, member: str | None, format_: str) -> str:
    """The model among `files` (name, size): the named member, or a file of a known format.

    Of several, the one in the fewest folders; of those the largest; of those the first by name.
    `format_`, if known, narrows the choice.

    Raises: Missing, Unsupported.
    """
    if member is not None:
        wanted = safe_member(member)
        if wanted not in {file for file, _ in files}:
            raise Missing(f"{name}: contains no file {member!r}")
        if suffix_of(wanted) not in MODEL_SUFFIXES:
            raise Unsupported(f"{name}!/{member}: unknown format; known: {known_formats()}")
        return wanted
    allowed = {format_} if format_ in MODEL_SUFFIXES else MODEL_SUFFIXES
    models = [
        (len(PurePosixPath(file).parts), -size, file)
        for file, size in files
        if suffix_of(file) in allowed and not _is_litter(file)
    ]
    if not models:
        raise Unsupported(f"{name}: contains no model; known formats: {', '.join(sorted(allowed))}")
    return min(models)[2]


def _broken(name: str, error: Exception) -> ImportFailed:
    return ImportFailed(f"{name}: cannot be unpacked: {error or type(error).__name__}")


def _within(ref: ObjectRef, member: str | None) -> str:
    """The folder (or single file) in the archive that belongs to the object; "" for all of it."""
    if ref.root is not None and (folder := split(ref.root).member) is not None:
        return safe_member(folder) if folder.strip("/") else ""
    if member is None:
        return ""
    wanted = safe_member(member)
    if suffix_of(wanted) in SELF_CONTAINED:
        return wanted
    parent = PurePosixPath(wanted).parent.as_posix()
    return "" if parent == "." else parent


def _extract(
    archive: Path, name: str, root: Path, within: str, limits: FetchLimits, deadline: Deadline
) -> list[tuple[str, int]]:
    files = []
    total = 0
    for entry in entries(archive, name, limits.max_bytes):
        deadline.left()
        if not entry.is_file:
            continue
        path = safe_member(entry.name)
        if not (within in {"", path} or path.startswith(f"{within}/")):
            continue
        check_size(total + entry.size, limits.max_bytes)
        size = _write(entry, root / path, path, name, limits.max_bytes - total, deadline)
        total += size
        files.append((path, size))
    return files


def _write(
    entry: ArchiveEntry, target: Path, path: str, name: str, room: int, deadline: Deadline
) -> int:  # fmt: skip
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = target.open("xb")
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise ImportFailed(f"{name}: contains {path!r} twice") from None
    with file:
        return copy(entry, file, room, deadline)


def _starts_as_zip(path: Path) -> bool:
    # `is_zipfile` checks only the end record, which the bytes of a model may contain too.
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _is_litter(file: str) -> bool:
    """Whether macOS added the file to accompany a real one."""
    return file.startswith("__MACOSX/") or PurePosixPath(file).name.startswith("._")
