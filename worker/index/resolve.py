"""Checks the locations of a record and makes them absolute, or relative to an index."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from worker.contract.scene_keys import MOST_CLASSES
from worker.core import file_uri
from worker.core.errors import IndexInvalid
from worker.index.record import ObjectRef, Scenes
from worker.index.uris import has_scheme, is_remote, join

LONGEST: Final = 4096
"""Maximum length of each field but annotations, in characters; also Linux's limit for a path."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def resolve(ref: ObjectRef, folder: str, where: str) -> ObjectRef:
    """Check `ref` and make its `path` and `root` absolute; its list is in `folder`.

    Without `path` and `url`, an identifier that is a path or file:// URI becomes `path`; another
    URI is left as it is. A list that is read over the network may not name local files.

    Raises: IndexInvalid, whose message begins with `where` (file and line).
    """
    _check_texts(ref, where)
    identifier = ref.file_identifier
    if not identifier.strip():
        raise IndexInvalid(f"{where}: field fileIdentifier is empty")
    if ref.scenes is not None:
        return _of_members(ref, ref.scenes, lambda member: resolve(member, folder, where), where)
    sha256 = ref.sha256.strip().lower() if ref.sha256 else None
    if sha256 and not _SHA256.fullmatch(sha256):
        raise IndexInvalid(f"{where}: field sha256: {ref.sha256!r} is not 64 hex digits")
    path, url = ref.path or None, ref.url or None
    if url is not None and not is_remote(url):
        raise IndexInvalid(f"{where}: field url: {url!r} is not http://, https:// or s3://")
    if path is None and url is None and _is_path(identifier):
        path = identifier
    path = _absolute(path, folder, "path", where)
    root = _absolute(ref.root or None, folder, "root", where)
    if root is not None and not _below(path or url or identifier, root):
        raise IndexInvalid(f"{where}: field root: {ref.root!r} does not contain {path or url!r}")
    return msgspec.structs.replace(ref, path=path, url=url, root=root, sha256=sha256 or None)


def _check_texts(ref: ObjectRef, where: str) -> None:
    """Refuse a field that is too long, because log and ledger repeat it, or that has a null.

    Raises: IndexInvalid.
    """
    for field, value in (
        ("fileIdentifier", ref.file_identifier),
        ("path", ref.path),
        ("url", ref.url),
        ("root", ref.root),
        ("sha256", ref.sha256),
        ("fileType", ref.file_type),
    ):
        if value is not None and "\0" in value:
            shown = value[:100]
            raise IndexInvalid(f"{where}: field {field}: {shown!r} has a null character")
        if value is not None and len(value) > LONGEST:
            raise IndexInvalid(
                f"{where}: field {field} has {len(value):,} characters; the limit is {LONGEST:,}"
            )


def relate(ref: ObjectRef, folder: str) -> ObjectRef:
    """Convert a resolved `ref` to a record of an index in `folder`.

    Locations below `folder` become relative; others stay absolute.

    Raises: IndexInvalid, if the location is local and the index is not.
    """
    if ref.scenes is not None:
        return _of_members(ref, ref.scenes, lambda member: relate(member, folder), folder)
    path, url = ref.path, ref.url
    if path is not None and is_remote(path) and not _below(path, folder):
        path, url = None, path
    return msgspec.structs.replace(
        ref, path=_relative(path, folder), url=url, root=_relative(ref.root, folder)
    )


def _of_members(
    ref: ObjectRef, scenes: Scenes, change: Callable[[ObjectRef], ObjectRef], where: str
) -> ObjectRef:
    """Check a range of scenes and apply `change` to its members. Raises: IndexInvalid."""
    used = {number for group in scenes.groups for place in group.places for number in place.members}
    if not used <= set(range(len(scenes.members))) or not all(
        group.samples > 0 and group.places and all(place.members for place in group.places)
        for group in scenes.groups
    ):
        raise IndexInvalid(
            f"{where}: field scenes: a group is empty or names a member that does not exist"
        )
    classes = {place.class_idx for group in scenes.groups for place in group.places}
    if not scenes.groups or not classes <= set(range(min(len(scenes.classes), MOST_CLASSES))):
        raise IndexInvalid(f"{where}: field scenes: a class number does not exist")
    numbers = scenes.numbers
    if numbers and not (
        len({*numbers}) == len(numbers) == len(scenes.members) and min(numbers) >= 0
    ):
        raise IndexInvalid(f"{where}: field scenes: numbers does not have one of each member")
    if any(member.scenes is not None for member in scenes.members):
        raise IndexInvalid(f"{where}: field scenes: a member is itself a range of scenes")
    members = tuple(change(member) for member in scenes.members)
    return msgspec.structs.replace(ref, scenes=msgspec.structs.replace(scenes, members=members))


def _is_path(identifier: str) -> bool:
    """Whether an identifier is a path or a file:// URI; `source` does not matter."""
    return identifier.startswith(file_uri.SCHEME) or not has_scheme(identifier)


def _absolute(path: str | None, folder: str, field: str, where: str) -> str | None:
    if path is None or is_remote(path):
        return path
    if path.startswith(file_uri.SCHEME):
        try:
            path = file_uri.path_of(path)
        except ValueError as error:
            raise IndexInvalid(f"{where}: field {field}: {path!r}: {error}") from error
    elif has_scheme(path):
        raise IndexInvalid(f"{where}: field {field}: {path!r} is not a path; a URL goes in url")
    if "\0" in path:
        raise IndexInvalid(f"{where}: field {field}: {path!r} has a null character")
    if is_remote(folder):
        if path.startswith("/"):
            raise IndexInvalid(
                f"{where}: field {field}: {path!r} is a local path, "
                "which only a local list may name"
            )
        if ".." in path.split("/"):
            raise IndexInvalid(f"{where}: field {field}: {path!r} is outside the list's folder")
    return join(folder, path)


def _below(location: str, folder: str) -> bool:
    return location == folder or location.startswith(folder.rstrip("/") + "/")


def _relative(path: str | None, folder: str) -> str | None:
    """`path` as written in an index in `folder`. Raises: IndexInvalid."""
    if path is None or (is_remote(path) and not _below(path, folder)):
        return path
    if _below(path, folder):
        return path[len(folder.rstrip("/")) + 1 :] or "."
    if is_remote(folder):
        raise IndexInvalid(
            f"{path} is a local file, which an index at {folder} cannot name: "
            "upload the models and build the index from a list of their URLs"
        )
    return path
