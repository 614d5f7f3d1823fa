"""Builds an index from a list: first the shards, then `index.json`. The bytes are reproducible."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import structlog

from worker.core import keys, locations
from worker.core import s3 as s3s
from worker.core.beneath import open_beneath
from worker.core.errors import IndexInvalid, OutputMismatch, Refused, UsageError
from worker.core.ordered_map import ordered_map
from worker.core.s3 import S3Options
from worker.core.sha256 import sha256_of
from worker.index import listings, manifest, resolve, uris
from worker.index.list_rules import ListRules
from worker.index.reader import Index, is_index, list_copy, open_index, open_records, resolved
from worker.index.record import SHARD_SIZE, BadRecord, ObjectRef, Shard
from worker.index.shard_spool import ShardSpool
from worker.stores import open_store
from worker.stores.base import Store

log = structlog.get_logger(__name__)

_WRITERS: Final = 8
_EVERY_S: Final = 0.2

Progress = Callable[[int], None]
"""Called several times a second with the number of records read so far."""
Arrange = Callable[[Iterator[ObjectRef]], Iterator[ObjectRef]]
"""Converts the objects of a list, with absolute locations, to the records of the index."""


class BuiltIndex(msgspec.Struct, frozen=True, kw_only=True):
    """An index that was built, or that already existed with the same bytes."""

    uri: str
    digest: str
    objects: int
    shards: int
    duplicates: int


def build(
    source: str,
    out: str,
    *,
    kind: str = listings.AUTO,
    shard_size: int = SHARD_SIZE,
    hash_files: bool = False,
    s3: S3Options = S3Options(),  # noqa: B008 - frozen
    rules: ListRules = ListRules(),  # noqa: B008 - frozen
    progress: Progress | None = None,
    arrange: Arrange | None = None,
) -> BuiltIndex:
    """Build an index of the list at `source` in the folder or S3 prefix `out`.

    Records are kept in a temporary file. They need about 40 bytes of memory each, except that a
    JSON document is read as a whole. If a build is interrupted, the same call completes it.
    `hash_files` computes the sha256 of every local model that has none. With `arrange`, `source`
    may also be an index.

    Raises: UsageError; IndexInvalid, with file and line; OutputMismatch, if `out` has another
    index; StoreError.
    """
    if shard_size < 1:
        raise UsageError(f"shard size is {shard_size}: it must be at least 1")
    if out.endswith(".json"):
        raise UsageError(f"{out}: give the folder for the index, not a file")
    locations.scheme_of(source, uris.SCHEMES)
    store = open_store(out, s3)
    folder = uris.folder_of(f"{store.uri.rstrip('/')}/{keys.INDEX}")
    rules = rules.of(source)
    with ShardSpool() as spool, list_copy(source, s3, kind, rules) as path:
        if not is_index(source, path):
            refs = _read(source, path, kind, hash_files=hash_files)
        elif arrange is not None:
            refs = _of_index(open_index(source, s3, rules))
        else:
            raise UsageError(f"{uris.shown(source)}: is already an index, not a list")
        store.check()
        refs = _reported(_allowed(refs, rules), progress)
        for ref in arrange(refs) if arrange is not None else refs:
            spool.append(resolve.relate(ref, folder))
        if not len(spool):
            raise IndexInvalid(f"{uris.shown(source)}: contains no objects")
        found = store.read(keys.INDEX)
        shards = tuple(_shards(spool, shard_size, store, write=found is None))
        duplicates = spool.duplicates
    if duplicates:
        log.warning("duplicate objects skipped, the first of each is kept", count=duplicates)
    body = manifest.encode(shards)
    if found is not None and found != body:
        raise _taken(store, keys.INDEX)
    if found is None:
        _create(store, keys.INDEX, body)
    return BuiltIndex(
        uri=f"{store.uri.rstrip('/')}/{keys.INDEX}",
        digest=sha256_of(body),
        objects=sum(shard.objects for shard in shards),
        shards=len(shards),
        duplicates=duplicates,
    )


def _read(source: str, path: Path, kind: str, *, hash_files: bool) -> Iterator[ObjectRef]:
    records, folder = open_records(source, path, kind)
    unreadable = 0
    for ref in resolved(records, folder):
        if hash_files and ref.sha256 is None and _is_plain_file(ref):
            sha256 = _hash(ref.location)
            unreadable += sha256 is None
            yield msgspec.structs.replace(ref, sha256=sha256)
        else:
            yield ref
    if unreadable:
        log.warning("no sha256 for models that cannot be read", count=unreadable)


def _of_index(index: Index) -> Iterator[ObjectRef]:
    for shard in index.shards:
        for ref in index.read(shard):
            if isinstance(ref, BadRecord):
                raise IndexInvalid(ref.reason)
            yield ref


def _allowed(refs: Iterator[ObjectRef], rules: ListRules) -> Iterator[ObjectRef]:
    """`refs`, of which each may name its bucket: the index does not say where its list came from.

    Raises: IndexInvalid.
    """
    for ref in refs:
        for one in ref.scenes.members if ref.scenes is not None else (ref,):
            if one.location.startswith(s3s.SCHEME):
                try:
                    rules.check_bucket(s3s.parse(one.location)[0])
                except (Refused, UsageError) as error:
                    raise IndexInvalid(f"{one.file_identifier}: {error}") from error
        yield ref


def _is_plain_file(ref: ObjectRef) -> bool:
    """Whether the model is a local file. In an archive, the archive's hash is not the model's."""
    at = ref.location
    return not (uris.has_scheme(at) or "!/" in at or at.lower().endswith(".zip"))


def _hash(path: str) -> str | None:
    try:
        real = Path(path).resolve()
        with open_beneath(real.parent, real.name) as file:  # a FIFO or a device has no end
            return sha256_of(file)
    except OSError:
        return None


def _reported(refs: Iterator[ObjectRef], progress: Progress | None) -> Iterator[ObjectRef]:
    count = 0
    due = time.monotonic() + _EVERY_S
    for count, ref in enumerate(refs, 1):
        yield ref
        if progress is not None and count % 64 == 0 and time.monotonic() >= due:
            progress(count)
            due = time.monotonic() + _EVERY_S
    if progress is not None:
        progress(count)


def _shards(spool: ShardSpool, size: int, store: Store, *, write: bool) -> Iterator[Shard]:
    """The entry of each shard. With `write`, also stores the shard files, several at a time."""

    def put(made: tuple[Shard, bytes]) -> Shard:
        shard, body = made
        if write:
            _create(store, shard.file, body)
        return shard

    made = (_shard(number, lines) for number, lines in enumerate(spool.shards(size)))
    # Only so many shards are in memory.
    yield from ordered_map(put, made, threads=_WRITERS, ahead=_WRITERS * 4, name="shards")


def _shard(number: int, lines: list[bytes]) -> tuple[Shard, bytes]:
    name = keys.shard_name(number)
    body = b"".join(lines)
    digest = sha256_of(body)
    return Shard(name=name, file=keys.shard_file(name), objects=len(lines), sha256=digest), body


def _create(store: Store, key: str, body: bytes) -> None:
    if not store.create(key, body) and store.read(key) != body:
        raise _taken(store, key)


def _taken(store: Store, key: str) -> OutputMismatch:
    return OutputMismatch(
        f"{store.uri.rstrip('/')}/{key} belongs to another index and was not changed: "
        "give another folder, or remove that index first"
    )
