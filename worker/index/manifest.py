"""`index.json` lists the shards of an index with their object counts and hashes."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from worker.core import keys
from worker.core.errors import IndexInvalid
from worker.core.json_errors import NOT_JSON
from worker.index import decode
from worker.index.record import Shard

FORMAT: Final = "render-worker-index"
VERSION: Final = 1
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


class IndexManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of `index.json`. The paths of shard files are relative to it."""

    format: str = FORMAT
    version: int = VERSION
    objects: int
    shards: tuple[Shard, ...]


class _Head(msgspec.Struct, frozen=True):
    format: str = ""
    version: int = 0


def encode(shards: tuple[Shard, ...]) -> bytes:
    """The bytes of `index.json`; they depend only on `shards`."""
    manifest = IndexManifest(objects=sum(shard.objects for shard in shards), shards=shards)
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def is_manifest(body: bytes) -> bool:
    """Whether `body` is JSON with the format field of an index."""
    try:
        return msgspec.json.decode(body, type=_Head).format == FORMAT
    except NOT_JSON:
        return False


def decode_manifest(body: bytes, where: str) -> IndexManifest:
    """Decode and check `index.json`. Raises: IndexInvalid, whose message begins with `where`."""
    try:
        version = msgspec.json.decode(body, type=_Head).version
        if version != VERSION:
            raise IndexInvalid(
                f"{where}: index has version {version}, but this program reads version {VERSION}"
            )
        manifest = msgspec.json.decode(body, type=IndexManifest)
    except NOT_JSON as error:
        raise IndexInvalid(f"{where}: {decode.explained(error)}") from error
    names = {shard.name for shard in manifest.shards}
    if len(names) != len(manifest.shards):
        raise IndexInvalid(f"{where}: two shards have the same name")
    for shard in manifest.shards:
        if not _NAME.fullmatch(shard.name):
            raise IndexInvalid(f"{where}: {shard.name!r} is not a valid shard name")
        if shard.file.startswith("/") or ".." in shard.file.split("/"):
            raise IndexInvalid(
                f"{where}: shard file {shard.file!r} is outside the folder of {keys.INDEX}"
            )
    if manifest.objects != sum(shard.objects for shard in manifest.shards):
        raise IndexInvalid(f"{where}: field objects is not the sum over the shards")
    if manifest.objects == 0:
        raise IndexInvalid(f"{where}: contains no objects")
    return manifest
