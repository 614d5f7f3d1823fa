"""Reads an index, or any list as an index of one shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Final

import msgspec
import structlog

from worker.core import keys, locations
from worker.core.errors import IndexInvalid, StoreError
from worker.core.ordered_map import ordered_map
from worker.core.s3 import S3Options
from worker.core.sha256 import sha256_of
from worker.index import decode, listings, manifest, resolve, uris
from worker.index.listings.base import Records
from worker.index.record import ObjectRef, Shard

log = structlog.get_logger(__name__)

CHECKED_OBJECTS: Final = 20_000
CHECKED_SHARDS: Final = 256
"""What of a rank's shards is read before its first object: a fifth of a second from a disk."""
_READERS: Final = 16


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What objects there are, in shards that are read one by one."""

    uri: str
    digest: str
    """sha256 of index.json, of the list's bytes, or of a folder's listing; in hex."""
    shards: tuple[Shard, ...]
    objects: int
    folder: str
    """What the shards' files and paths are relative to."""
    s3: S3Options
    held: Mapping[str, tuple[ObjectRef, ...]] = {}
    """Objects by shard, of those that were read already; of a plain list, all."""

    def read(self, shard: Shard) -> tuple[ObjectRef, ...]:
        """A shard's objects, in its order, each identity once, places absolute.

        Raises: IndexInvalid with file and line, StoreError.
        """
        if shard.name in self.held:
            return self.held[shard.name]
        uri = uris.join(self.folder, shard.file)
        name = uris.shown(uri)
        try:
            body = uris.read_bytes(uri, self.s3)
        except IndexInvalid as error:
            raise _unreadable(error) from error
        found = sha256_of(body)
        if found != shard.sha256:
            raise IndexInvalid(
                f"{name}: sha256 is {found[:12]}…, {keys.INDEX} says {shard.sha256[:12]}…: "
                "the shard was changed or cut off; build the index again"
            )
        lines = [
            (f"{name}:{number}", line)
            for number, line in enumerate(body.split(b"\n"), 1)
            if line and not line.isspace()
        ]
        if len(lines) != shard.objects:
            raise IndexInvalid(
                f"{name}: {len(lines)} objects, {keys.INDEX} says {shard.objects}: "
                "build the index again"
            )
        if not lines:
            log.warning("empty shard", shard=shard.name)
        records = ((where, decode.record(line, where)) for where, line in lines)
        return tuple(once(resolved(records, self.folder), shard.name))


def open_index(uri: str, s3: S3Options) -> Index:
    """The index at `uri`: an index.json (or its folder), or any list or folder of models.

    Of an index.json no shard is read yet; a list is read and checked to its end.

    Raises: UsageError for an empty or misspelt `uri`, IndexInvalid with file and line, StoreError.
    """
    locations.scheme_of(uri, uris.SCHEMES)
    if uri.endswith("/") and uris.is_remote(uri):
        uri += keys.INDEX
    if uri and not uris.is_remote(uri) and is_index(keys.INDEX, Path(uri) / keys.INDEX):
        uri = str(Path(uri) / keys.INDEX)
    with uris.local_copy(uri, s3) as path:
        if is_index(uri, path):
            return _sharded(uri, path, s3)
        return _plain(uri, path, s3)


def _sharded(uri: str, path: Path, s3: S3Options) -> Index:
    body = path.read_bytes()
    found = manifest.decode_manifest(body, uris.shown(uri))
    return Index(
        uri=uri,
        digest=sha256_of(body),
        shards=found.shards,
        objects=found.objects,
        folder=uris.folder_of(uri),
        s3=s3,
    )


def _plain(uri: str, path: Path, s3: S3Options) -> Index:
    name = keys.shard_name(0)
    records, folder = open_records(uri, path)
    read = list(records)
    refs = tuple(once(resolved(read, folder), name))
    if not refs:
        raise IndexInvalid(f"{uris.shown(uri)}: no object in it")
    digest = _listing_digest(read) if path.is_dir() else sha256_of(path)
    shard = Shard(name=name, file=uris.name_of(uri), objects=len(refs), sha256=digest)
    return Index(
        uri=uri,
        digest=digest,
        shards=(shard,),
        objects=len(refs),
        folder=folder,
        s3=s3,
        held={name: refs},
    )


def checked(index: Index, numbers: Sequence[int]) -> Index:
    """`index`, found good in its shards `numbers` before anything is rendered of them.

    The first of them are read, parsed and held: CHECKED_SHARDS at most, of CHECKED_OBJECTS
    together. Of the others, that their files are there, where they lie on a disk; a fault inside
    one shows when its turn comes.

    Raises: IndexInvalid with file and line, StoreError.
    """
    shards = [index.shards[number] for number in numbers]
    sums = accumulate(shard.objects for shard in shards[:CHECKED_SHARDS])
    count = sum(objects <= CHECKED_OBJECTS for objects in sums)
    first = shards[:count]
    read = ordered_map(index.read, first, threads=_READERS, ahead=count, name="index")
    held = {shard.name: refs for shard, refs in zip(first, read, strict=True)}
    _all_there(index, shards[count:])
    return msgspec.structs.replace(index, held={**index.held, **held})


def _all_there(index: Index, shards: Iterable[Shard]) -> None:
    """Look for the files of shards, a listing a folder. Raises: IndexInvalid."""
    if uris.is_remote(index.folder):
        return
    listed: dict[Path, set[str] | None] = {}
    for shard in shards:
        if shard.name in index.held:
            continue
        path = Path(uris.join(index.folder, shard.file))
        folder = path.parent
        if folder not in listed:
            listed[folder] = _names_in(folder)
        names = listed[folder]
        if names is None:
            _look_for(path)
        elif path.name not in names:
            raise _unreadable(f"{path}: no such file or folder")


def _names_in(folder: Path) -> set[str] | None:
    """What lies in a folder; None if it may not be listed. Raises: StoreError."""
    try:
        return {each.name for each in folder.iterdir()}
    except PermissionError:
        return None
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}") from error


def _look_for(path: Path) -> None:
    """Look for one file, in a folder that may not be listed. Raises: IndexInvalid."""
    try:
        path.stat()
    except FileNotFoundError:
        raise _unreadable(f"{path}: no such file or folder") from None
    except OSError as error:
        raise IndexInvalid(f"{path}: {error.strerror}; make its folder readable") from error


def _unreadable(reason: object) -> IndexInvalid:
    return IndexInvalid(
        f"{reason}: {keys.INDEX} names this shard; put it back, or build the index again"
    )


def open_records(uri: str, path: Path, kind: str = listings.AUTO) -> tuple[Records, str]:
    """The records of the list at `uri`, whose bytes lie at `path`, and the folder of its paths.

    Raises: IndexInvalid, UsageError for an unknown kind.
    """
    name = uris.shown(uri)
    row = listings.find(path, name, kind)
    folder = uris.folder_of(f"{uri}/{keys.INDEX}" if row.folder else uri)
    return row.read(path, name), folder


def resolved(records: Iterable[tuple[str, ObjectRef]], folder: str) -> Iterator[ObjectRef]:
    """Records checked, with absolute places. Raises: IndexInvalid with file and line."""
    return (resolve.resolve(ref, folder, where) for where, ref in records)


def once(refs: Iterable[ObjectRef], shard: str) -> Iterator[ObjectRef]:
    """The first record of each identity; says how many were left out."""
    seen: set[str] = set()
    left_out = 0
    for ref in refs:
        if ref.file_identifier in seen:
            left_out += 1
            continue
        seen.add(ref.file_identifier)
        yield ref
    if left_out:
        log.warning("duplicates left out, the first of each stays", shard=shard, count=left_out)


def is_index(uri: str, path: Path) -> bool:
    """Whether the file at `path`, the bytes of `uri`, is an index.json of ours."""
    if not path.is_file() or not uris.name_of(uri).lower().endswith(".json"):
        return False
    # Lists may be huge, so only what begins as an object is decoded to find out.
    with path.open("rb") as file:
        if not file.read(4096).lstrip().startswith(b"{"):
            return False
    return manifest.is_manifest(path.read_bytes())


def _listing_digest(records: list[tuple[str, ObjectRef]]) -> str:
    """The digest of a folder's listing: what it holds, wherever it lies."""
    lines = b"".join(msgspec.json.encode(ref) + b"\n" for _, ref in records)
    return sha256_of(lines)
