"""Reads an index, or a list as an index of one shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Final

import msgspec
import structlog

from worker.core import keys, locations
from worker.core.errors import IndexInvalid, ShardBroken, StoreError
from worker.core.ordered_map import ordered_map
from worker.core.s3 import S3Options
from worker.core.sha256 import sha256_of
from worker.index import (
    bounded_reads,
    listings,
    manifest,
    one_model,
    resolve,
    shard_lines,
    uris,
)
from worker.index.list_rules import ListRules
from worker.index.listings.base import Records
from worker.index.record import ObjectRef, Shard

log = structlog.get_logger(__name__)

CHECKED_OBJECTS: Final = 20_000
CHECKED_SHARDS: Final = 256
"""How much of a rank's shards is read before its first object; this takes 0.2 s from a disk."""
READERS: Final = 16
"""Shards that are read at the same time."""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """An index, whose shards are read one by one."""

    uri: str
    digest: str
    """Hex sha256 of index.json, of the list's bytes, of a folder's listing, or of one model."""
    shards: tuple[Shard, ...]
    objects: int
    folder: str
    """The folder or prefix that shard files and locations are relative to."""
    s3: S3Options
    rules: ListRules = ListRules()
    held: Mapping[str, tuple[ObjectRef, ...]] = {}
    """Objects of the shards that are in memory, by shard name; for a list, its one shard."""

    def read(self, shard: Shard) -> tuple[ObjectRef, ...]:
        """The objects of a shard, in order, without duplicates, with absolute locations.

        A line that is no valid record is a `BadRecord`.

        Raises: ShardBroken, with its file; StoreError.
        """
        if shard.name in self.held:
            return self.held[shard.name]
        uri = uris.join(self.folder, shard.file)
        name = uris.shown(uri)
        try:
            body = uris.read_bytes(uri, self.s3, self.rules)
        except IndexInvalid as error:
            raise _unreadable(error) from error
        found = sha256_of(body)
        if found != shard.sha256:
            raise ShardBroken(
                f"{name}: sha256 is {found[:12]}…, but {keys.INDEX} says {shard.sha256[:12]}…: "
                "the shard was changed or truncated; build the index again"
            )
        lines = shard_lines.split(body)
        if len(lines) != shard.objects:
            raise ShardBroken(
                f"{name}: {len(lines)} objects, but {keys.INDEX} says {shard.objects}: "
                "build the index again"
            )
        if not lines:
            log.warning("empty shard", shard=shard.name)
        records = (shard_lines.record(shard, *line, self.folder) for line in lines)
        return tuple(once(records, shard.name))

    def attempt(self, shard: Shard) -> tuple[ObjectRef, ...] | ShardBroken:
        """As `read`, but an error of this shard alone is returned. Raises: StoreError."""
        try:
            return self.read(shard)
        except ShardBroken as error:
            return error


def open_index(
    uri: str,
    s3: S3Options,
    rules: ListRules = ListRules(),  # noqa: B008 - frozen
) -> Index:
    """Open the index at `uri`: an index.json (or its folder), a list, a folder, or one model.

    A list is read and checked completely; the shards of an index.json are not read yet.

    Raises: UsageError for an empty or misspelt `uri`, IndexInvalid with file and line, StoreError.
    """
    locations.scheme_of(uri, uris.SCHEMES)
    rules = rules.of(uri)
    if uris.is_remote(uri) and uri.count("/") == uris.SLASHES:  # a bucket or host alone
        uri += "/"
    if uri.endswith("/") and uris.is_remote(uri):
        uri += keys.INDEX
    if uri and not uris.is_remote(uri) and is_index(keys.INDEX, Path(uri) / keys.INDEX):
        uri = str(Path(uri) / keys.INDEX)
    with list_copy(uri, s3, rules=rules) as path:
        if is_index(uri, path):
            return _sharded(uri, path, s3, rules)
        return _plain(uri, path, s3, rules)


def _sharded(uri: str, path: Path, s3: S3Options, rules: ListRules) -> Index:
    body = bounded_reads.file_of_index(path, uris.shown(uri))
    found = manifest.decode_manifest(body, uris.shown(uri))
    return Index(
        uri=uri,
        digest=sha256_of(body),
        shards=found.shards,
        objects=found.objects,
        folder=uris.folder_of(uri),
        s3=s3,
        rules=rules,
    )


def _plain(uri: str, path: Path, s3: S3Options, rules: ListRules) -> Index:
    name = keys.shard_name(0)
    records, folder = open_records(uri, path)
    read = list(records)
    refs = tuple(once(resolved(read, folder), name))
    if not refs:
        raise IndexInvalid(f"{uris.shown(uri)}: contains no objects")
    digest = _digest(uri, path, read)
    shard = Shard(name=name, file=uris.name_of(uri), objects=len(refs), sha256=digest)
    return Index(
        uri=uri,
        digest=digest,
        shards=(shard,),
        objects=len(refs),
        folder=folder,
        s3=s3,
        rules=rules,
        held={name: refs},
    )


def checked(index: Index, numbers: Sequence[int]) -> Index:
    """Check the shards `numbers` of `index` before anything is rendered.

    Reads the first of them, at most CHECKED_SHARDS with CHECKED_OBJECTS together, and returns
    `index` with these in memory. For the others it only checks that their files exist, if they are
    on disk; an error inside such a shard appears when it is read. Warns about broken shards.

    Raises: ShardBroken, if all of them are broken; StoreError.
    """
    shards = [index.shards[number] for number in numbers]
    sums = accumulate(shard.objects for shard in shards[:CHECKED_SHARDS])
    count = sum(objects <= CHECKED_OBJECTS for objects in sums)
    first = shards[:count]
    read = ordered_map(index.attempt, first, threads=READERS, ahead=count, name="index")
    held: dict[str, tuple[ObjectRef, ...]] = {}
    broken: list[ShardBroken] = []
    for shard, found in zip(first, read, strict=True):
        if isinstance(found, ShardBroken):
            broken.append(found)
        else:
            held[shard.name] = found
    broken += _absent(index, shards[count:])
    if broken and len(broken) == len(shards):
        raise all_of(broken)
    for error in broken:
        log.warning("broken shard; the others are rendered", why=str(error))
    return msgspec.structs.replace(index, held={**index.held, **held})


def all_of(broken: Sequence[ShardBroken]) -> ShardBroken:
    """One error for all of `broken`, which are not none; the log names each."""
    if len(broken) == 1:
        return broken[0]
    return ShardBroken(f"{broken[0]} ({len(broken):,} shards are broken; the log names each)")


def _absent(index: Index, shards: Iterable[Shard]) -> Iterator[ShardBroken]:
    """An error for each shard file that does not exist; lists each folder once.

    Raises: StoreError.
    """
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
        error = _look_for(path) if names is None else None
        if names is not None and path.name not in names:
            error = _unreadable(f"{path}: no such file or folder")
        if error is not None:
            yield error


def _names_in(folder: Path) -> set[str] | None:
    """The names in a folder; None if listing it is not permitted. Raises: StoreError."""
    try:
        return {each.name for each in folder.iterdir()}
    except PermissionError:
        return None
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}") from error


def _look_for(path: Path) -> ShardBroken | None:
    """The error of a file, in a folder that cannot be listed, that cannot be found."""
    try:
        path.stat()
    except FileNotFoundError:
        return _unreadable(f"{path}: no such file or folder")
    except OSError as error:
        return ShardBroken(f"{path}: {error.strerror}; make its folder readable")
    return None


def _unreadable(reason: object) -> ShardBroken:
    return ShardBroken(
        f"{reason}: {keys.INDEX} lists this shard; restore it, or build the index again"
    )


@contextmanager
def list_copy(
    uri: str,
    s3: S3Options,
    kind: str = listings.AUTO,
    rules: ListRules = ListRules(),  # noqa: B008 - frozen
) -> Iterator[Path]:
    """As `uris.local_copy`, but one remote model is not downloaded: its URL is all of its record.

    `kind` is one of LIST_KINDS or AUTO.

    Raises: UsageError, IndexInvalid, StoreError.
    """
    one = kind == listings.AUTO and one_model.is_one(uri)
    if one and uris.is_remote(uri):
        yield Path(uris.name_of(uri))
        return
    with uris.local_copy(one_model.file_of(uri) if one else uri, s3, rules) as path:
        yield path


def open_records(uri: str, path: Path, kind: str = listings.AUTO) -> tuple[Records, str]:
    """The records of the list at `uri`, and the folder that their paths are relative to.

    `path` is the `list_copy` of `uri`; `kind` is one of LIST_KINDS or AUTO.

    Raises: IndexInvalid; UsageError, for an unknown kind.
    """
    if kind == listings.AUTO and one_model.is_one(uri):
        return iter([one_model.record(uri)]), uris.folder_of(one_model.file_of(uri))
    name = uris.shown(uri)
    row = listings.find(path, name, kind)
    folder = uris.folder_of(f"{uri}/{keys.INDEX}" if row.folder else uri)
    return row.read(path, name), folder


def resolved(records: Iterable[tuple[str, ObjectRef]], folder: str) -> Iterator[ObjectRef]:
    """Checked records with absolute locations. Raises: IndexInvalid, with file and line."""
    return (resolve.resolve(ref, folder, where) for where, ref in records)


def once(refs: Iterable[ObjectRef], shard: str) -> Iterator[ObjectRef]:
    """The first record of each identifier; warns about the number of duplicates."""
    seen: set[str] = set()
    skipped = 0
    for ref in refs:
        if ref.file_identifier in seen:
            skipped += 1
            continue
        seen.add(ref.file_identifier)
        yield ref
    if skipped:
        log.warning(
            "duplicate objects skipped, the first of each is kept", shard=shard, count=skipped
        )


def is_index(uri: str, path: Path) -> bool:
    """Whether the file at `path`, a local copy of `uri`, is an index.json of this program."""
    if not path.is_file() or not uris.name_of(uri).lower().endswith(".json"):
        return False
    # Lists may be huge, so a file is decoded only if it begins with an object.
    with path.open("rb") as file:
        if not file.read(4096).lstrip().startswith(b"{"):
            return False
    if path.stat().st_size > bounded_reads.LARGEST_FILE:
        return False
    return manifest.is_manifest(path.read_bytes())


def _digest(uri: str, path: Path, records: list[tuple[str, ObjectRef]]) -> str:
    """The digest of the list at `uri`, whose `list_copy` is `path`; see `Index.digest`.

    That of a local model depends on its name and its bytes: many models are called model.obj.
    """
    if not one_model.is_one(uri):
        return _listing_digest(records) if path.is_dir() else sha256_of(path)
    listed = _listing_digest(records)
    return listed if uris.is_remote(uri) else sha256_of(f"{listed} {sha256_of(path)}".encode())


def _listing_digest(records: list[tuple[str, ObjectRef]]) -> str:
    """Hex sha256 of the records of a folder, independent of the folder's own path."""
    lines = b"".join(msgspec.json.encode(ref) + b"\n" for _, ref in records)
    return sha256_of(lines)
