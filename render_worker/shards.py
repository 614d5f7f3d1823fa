"""Reads the tar shards of `render-worker export webdataset` in its layout "plain"."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from render_worker import camera_records
from render_worker.archive import LARGEST, MEMBER_LIMIT, UID, damaged
from render_worker.errors import DamagedZip, PlaceError
from render_worker.files import Store
from render_worker.kinds import KINDS
from render_worker.s3 import SCHEME, S3Options
from render_worker.stores import open_store
from render_worker.view import View

TAR: Final = ".tar"
JSON: Final = "json"
COLOUR: Final = "colour"
_NAME: Final = re.compile(rf"({UID.pattern})/([^/.]+)\.((?:[^/.]+\.)?[a-z0-9]+)")
"""uid, view, and what follows it: "png", "depth.png", "json"."""


class ShardObject:
    """One object of a shard, with all its files in memory."""

    def __init__(self, members: _Members) -> None:
        self._members = members
        self.uid = members.uid

    def __repr__(self) -> str:
        return f"<object {self.uid} of {self._members.where}>"

    @property
    def identifier(self) -> str:
        """Its file identifier."""
        return str(self._first.get("file_identifier", ""))

    @property
    def preset(self) -> str:
        """Name of the preset that rendered it."""
        return str(self._first.get("preset", ""))

    @property
    def views(self) -> Sequence[View]:
        """Its views, in order. Raises: DamagedZip."""
        return tuple(self._view(name) for name in self._members.views)

    @property
    def _first(self) -> Mapping[str, Any]:
        return self._members.about(self._members.views[0])

    def _view(self, name: str) -> View:
        told = self._members.about(name)
        files = {}
        for file in self._members.names():
            view, _, ending = file.partition(".")
            kind = ending.rpartition(".")[0] or COLOUR
            if view == name and ending != JSON and kind in KINDS:
                files[kind] = file
        try:
            (camera,) = camera_records.from_views([told])
            images, facts = dict(told["images"]), dict(told["facts"])
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self._members, f"has an invalid {name}.{JSON}: {error!r}") from error
        return View(self._members, name, files, camera, images, facts)


class Shards:
    """The objects of WebDataset shards, read one shard after the other.

    `only(rank, world)` gives one of several readers its share: whole shards.
    """

    def __init__(self, store: Store, keys: Sequence[str]) -> None:
        self._store = store
        self.shards = tuple(keys)
        """The shards' names."""

    def __repr__(self) -> str:
        return f"<{len(self.shards)} shards of {self._store.place}>"

    def only(self, rank: int, world: int) -> Shards:
        """Every `world`-th shard, from number `rank`."""
        return Shards(self._store, self.shards[rank::world])

    def __iter__(self) -> Iterator[ShardObject]:
        """Each object once, in the shards' order. Raises: DamagedZip, PlaceError."""
        for key in self.shards:
            yield from self._objects(key)

    def _objects(self, key: str) -> Iterator[ShardObject]:
        where = f"{self._store.place}/{key}"
        current: _Members | None = None
        done: set[str] = set()
        for uid, view, ending, data in _files(self._store, key, where):
            if current is None or current.uid != uid:
                if current is not None:
                    yield ShardObject(current)
                if uid in done:
                    raise DamagedZip(f"{where}: the members of {uid} are not adjacent")
                done.add(uid)
                current = _Members(where, uid)
            current.add(f"{view}.{ending}", data)
        if current is not None:
            yield ShardObject(current)


def from_shards(
    place: str | Path,
    *,
    endpoint_url: str | None = None,
    region: str | None = None,
    addressing_style: str = "auto",
) -> Shards:
    """Open the shards of `render-worker export webdataset`, in its layout "plain".

    place: their folder, ``s3://bucket/prefix``, or one .tar. The others: as for `open_output`.

    Raises: PlaceError, if there are none; MissingLibrary, for S3 without boto3.
    """
    text = str(place)
    options = S3Options(endpoint_url, region, addressing_style)
    if text.endswith(TAR):
        folder, _, name = text.rpartition("/")
        if text.startswith(SCHEME) or Path(text).expanduser().is_file():
            return Shards(open_store(folder or ".", options), [name])
    store = open_store(text, options)
    keys = [entry.key for entry in store.list("", deep=False) if entry.key.endswith(TAR)]
    if not keys:
        raise PlaceError(f"{text} holds no {TAR} shards")
    return Shards(store, keys)


class _Members:
    """The files of one object, in memory."""

    def __init__(self, where: str, uid: str) -> None:
        self.where = f"{where}: {uid}"
        self.uid = uid
        self._files: dict[str, bytes] = {}
        self._size = 0

    @property
    def views(self) -> list[str]:
        """The names of its views, sorted. Raises: DamagedZip, if there is none."""
        found = sorted(
            name[: -len(JSON) - 1] for name in self._files if name.partition(".")[2] == JSON
        )
        if not found:
            raise damaged(self, "has no view with a camera")
        return found

    def add(self, name: str, data: bytes) -> None:
        """Keep one file. Raises: DamagedZip, if there is one or if they become too large."""
        self._size += len(data)
        if name in self._files or self._size > LARGEST:
            raise damaged(self, f"has two files {name}, or more than {LARGEST >> 20} MB")
        self._files[name] = data

    def names(self) -> Collection[str]:
        """The names of all files."""
        return self._files.keys()

    def read(self, name: str) -> bytes:
        """One file. Raises: DamagedZip, if there is none."""
        try:
            return self._files[name]
        except KeyError:
            raise damaged(self, f"has no {name}") from None

    def about(self, view: str) -> Mapping[str, Any]:
        """A view's JSON file. Raises: DamagedZip."""
        try:
            told = json.loads(self.read(f"{view}.{JSON}"))
        except (ValueError, RecursionError) as error:
            raise damaged(self, f"has an invalid {view}.{JSON}: {error}") from error
        if not isinstance(told, dict):
            raise damaged(self, f"has a {view}.{JSON} that holds no object")
        return told


def _files(store: Store, key: str, where: str) -> Iterator[tuple[str, str, str, bytes]]:
    """uid, view, ending and bytes of each file of a shard. Raises: DamagedZip, PlaceError."""
    try:
        with store.stream(key) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
            for info in tar:
                match = _NAME.fullmatch(info.name)
                if match is None or not info.isfile():
                    raise DamagedZip(
                        f"{where} has a member {info.name!r}: not layout 'plain' of "
                        "'render-worker export webdataset'"
                    )
                if info.size > MEMBER_LIMIT:
                    raise DamagedZip(f"{where} has a {info.name} of over {MEMBER_LIMIT >> 20} MB")
                file = tar.extractfile(info)
                data = b"" if file is None else file.read()
                if len(data) != info.size:
                    raise DamagedZip(f"{where} is truncated")
                yield match[1], match[3], match[4], data
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DamagedZip(f"{where} is not a complete tar: {error}") from error
