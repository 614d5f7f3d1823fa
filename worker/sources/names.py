"""Untrusted names: archive members, URLs, paths in repositories."""

from __future__ import annotations

import errno
import os.path
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, NamedTuple
from unicodedata import category
from urllib.parse import unquote, urlsplit

from worker.core import file_uri
from worker.core.beneath import open_beneath
from worker.core.errors import ImportFailed, Missing, Unsupported
from worker.core.formats import MODEL_SUFFIXES, suffix_of
from worker.index.record import ObjectRef

MAX_PART = 255
MAX_PATH = 1024
MAX_DEPTH = 64
_REPLACED: Final = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EINVAL, errno.ENOENT})


def safe_member(name: str) -> str:
    """`name` as a relative POSIX path of plain parts; backslashes count as separators.

    Raises: ImportFailed for an absolute path, a "..", a drive, a control character, bytes that
    are not UTF-8, or a name longer than file systems allow.
    """
    path = name.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in {"", "."}]
    try:
        sizes = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        raise ImportFailed(f"unsafe file name {name!r}: it is not UTF-8") from None
    wrong = {
        "it is absolute": path.startswith("/"),
        "it has no name": not parts,
        "it leaves its folder": ".." in parts,
        "it names a drive": any(part.endswith(":") for part in parts),
        "it has control characters": any(category(c) == "Cc" for c in path),
        "it is too long": max(sizes, default=0) > MAX_PART or sum(sizes) + len(parts) > MAX_PATH,
        "it is too deep": len(parts) > MAX_DEPTH,
    }
    for reason, found in wrong.items():
        if found:
            raise ImportFailed(f"unsafe file name {name[:100]!r}: {reason}")
    return "/".join(parts)


def url_name(url: str) -> str:
    """A safe file name made from the last part of a URL's path; "model" if it is empty."""
    last = unquote(urlsplit(url).path).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c if c.isprintable() and c not in '/:*?"<>|' else "_" for c in last)
    stem, suffix = PurePosixPath(kept).stem, PurePosixPath(kept).suffix
    return f"{stem[:40].strip('. ') or 'model'}{suffix[:10]}"


def declared_format(ref: ObjectRef, name: str) -> str:
    """The declared format: the index's `file_type`, else the name's suffix; may be ""."""
    return (ref.file_type or "").strip(".").lower() or suffix_of(name)


def check_format(ref: ObjectRef, name: str) -> str:
    """`name`, with its declared format appended as a suffix if it has another.

    Raises: Unsupported if neither the index nor the name declares a known format.
    """
    format_ = declared_format(ref, name)
    if format_ not in MODEL_SUFFIXES:
        raise Unsupported(
            f"{name}: {format_ or 'no suffix'} is not a known format; known: {known_formats()} "
            "(if the name does not show its format, set fileType in the record)"
        )
    return name if suffix_of(name) == format_ else f"{name}.{format_}"


def called(ref: ObjectRef) -> str:
    """What messages call the object: its URL, or its file's name without the machine's folders."""
    location = ref.location
    local = location.startswith(file_uri.SCHEME) or "://" not in location
    if not local:
        return location
    file, mark, member = location.partition("!/")
    return f"{PurePosixPath(file).name}{mark}{member}"


def known_formats() -> str:
    """All known formats, comma-separated, for messages."""
    return ", ".join(sorted(MODEL_SUFFIXES))


def inside(root: Path, model: Path) -> tuple[Path, str]:
    """The real root, and the model's POSIX path below it.

    A model that is a link keeps its own name, but its target must be inside the root.

    Raises: Missing if there is no such file or it is outside the root.
    """
    found = _places(root, model)
    return found.root, found.named


def open_inside(root: Path, model: Path) -> BinaryIO:
    """Open `model` to read, checked as by `inside`: what is opened is what was checked.

    Raises: Missing, also if a name on the way was replaced meanwhile; OSError.
    """
    found = _places(root, model)
    try:
        return open_beneath(found.root, found.real)
    except OSError as error:
        if error.errno in _REPLACED:
            raise Missing(f"{model.name}: was replaced while it was opened") from error
        raise


class _Places(NamedTuple):
    root: Path
    named: str
    real: str


def _places(root: Path, model: Path) -> _Places:
    """The real root, and below it the model's own path and the one with links resolved."""
    try:
        real_root = root.resolve()
        named = model.parent.resolve() / model.name
        real = model.resolve()
    except RuntimeError as error:
        raise Missing(f"{model.name}: a loop of links") from error
    except ValueError as error:  # a NUL in the name
        raise Missing(f"{model.name!r}: {error}") from error
    if not real.is_file():
        why = "not a file" if real.exists() else "no such file"
        raise Missing(f"{model.name}: {why}")
    if not (named.is_relative_to(real_root) and real.is_relative_to(real_root)):
        leads = os.path.relpath(real, real_root)
        raise Missing(f"{model.name}: is outside its folder; it leads to {leads}")
    below = (path.relative_to(real_root).as_posix() for path in (named, real))
    return _Places(real_root, *below)
