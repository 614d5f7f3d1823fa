"""A record's places: checked, and made absolute against its list or relative to an index."""

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
"""Characters of what names an object or its place: a path can have no more."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def resolve(ref: ObjectRef, folder: str, where: str) -> ObjectRef:
    """`ref` checked, with `path` and `root` absolute: its list lies in `folder`.

    A record that says nothing of its bytes is its own identifier's: a URI is left alone, a
    name without a scheme becomes `path`. Lists read over a network may name no local file.

    Raises: IndexInvalid, beginning with `where` (file and line).
    """
    _check_lengths(ref, where)
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


def _check_lengths(ref: ObjectRef, where: str) -> None:
    """Raises: IndexInvalid for a field that is too long; log and ledger repeat them."""
    for field, value in (
        ("fileIdentifier", ref.file_identifier),
        ("path", ref.path),
        ("url", ref.url),
        ("root", ref.root),
        ("sha256", ref.sha256),
        ("fileType", ref.file_type),
    ):
        if value is not None and len(value) > LONGEST:
            raise IndexInvalid(
                f"{where}: field {field} has {len(value):,} characters; the most is {LONGEST:,}"
            )


def relate(ref: ObjectRef, folder: str) -> ObjectRef:
    """A resolved `ref` as an index in `folder` says it: relative where below it, else absolute.

    Raises: IndexInvalid for a local path and an index that is not local.
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
    """A range with its members changed. Raises: IndexInvalid, where it refers to others."""
    used = {number for group in scenes.groups for place in group.places for number in place.members}
    if not used <= set(range(len(scenes.members))) or not all(
        group.samples > 0 and group.places and all(place.members for place in group.places)
        for group in scenes.groups
    ):
        raise IndexInvalid(f"{where}: field scenes: a place without a member that the range has")
    classes = {place.class_idx for group in scenes.groups for place in group.places}
    if not scenes.groups or not classes <= set(range(min(len(scenes.classes), MOST_CLASSES))):
        raise IndexInvalid(f"{where}: field scenes: a place of a class that the range has not")
    if any(member.scenes is not None for member in scenes.members):
        raise IndexInvalid(f"{where}: field scenes: a range of scenes within a range")
    members = tuple(change(member) for member in scenes.members)
    return msgspec.structs.replace(ref, scenes=msgspec.structs.replace(scenes, members=members))


def _is_path(identifier: str) -> bool:
    """Whether an identifier names a file, whatever `source` says: what is left would be opened."""
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
                "which a list that is not a local file may not name"
            )
        if ".." in path.split("/"):
            raise IndexInvalid(f"{where}: field {field}: {path!r} leaves the list's folder")
    return join(folder, path)


def _below(place: str, folder: str) -> bool:
    return place == folder or place.startswith(folder.rstrip("/") + "/")


def _relative(path: str | None, folder: str) -> str | None:
    """`path` as it stands in an index that lies in `folder`."""
    if path is None or (is_remote(path) and not _below(path, folder)):
        return path
    if _below(path, folder):
        return path[len(folder.rstrip("/")) + 1 :] or "."
    if is_remote(folder):
        raise IndexInvalid(
            f"{path} is a local file, which an index at {folder} cannot name: "
            "upload the models and build from a list of their URLs"
        )
    return path
