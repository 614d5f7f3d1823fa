"""Collects records on disk and sorts them into shards, with a few bytes of memory per record."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from itertools import chain
from tempfile import TemporaryFile
from types import TracebackType
from typing import Final, Self

import msgspec
import numpy as np
import numpy.typing as npt

from worker.index.record import ObjectRef

_CHUNK: Final = 65_536


class _Who(msgspec.Struct, rename="camel"):
    file_identifier: str


class ShardSpool:
    """Takes records in the order of a list and returns them in shards, without duplicates.

    Objects of one Git repository are fetched together, so they are moved next to the first of
    them, and into one shard if they fit. Needs about 40 bytes of memory per record.
    """

    def __init__(self) -> None:
        self._file = TemporaryFile(prefix="render-worker-index-")  # noqa: SIM115 - __exit__ closes
        self._end = 0
        self._offsets = array("Q")
        self._hashes = array("Q")
        self._groups = array("I")
        self._repositories: dict[str, int] = {}
        self.duplicates = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def append(self, ref: ObjectRef) -> None:
        """Add a record."""
        line = msgspec.json.encode(ref) + b"\n"
        number = len(self._offsets)
        self._file.write(line)
        self._offsets.append(self._end)
        self._end += len(line)
        digest = hashlib.blake2b(ref.file_identifier.encode(), digest_size=8).digest()
        self._hashes.append(int.from_bytes(digest, "little"))
        repository = ref.repository
        group = number if repository is None else self._repositories.setdefault(repository, number)
        self._groups.append(group)

    def shards(self, size: int) -> Iterator[list[bytes]]:
        """The JSON lines of each shard, 1 to `size` of them. May be called once."""
        shard: list[int] = []
        for rows in self._grouped():
            if shard and len(shard) + len(rows) > size:
                yield self._lines(shard)
                shard = []
            shard += rows
            while len(shard) >= size:
                yield self._lines(shard[:size])
                shard = shard[size:]
        if shard:
            yield self._lines(shard)

    def _grouped(self) -> Iterator[list[int]]:
        """Row numbers group by group; groups are in the order of their first rows."""
        rows = self._first_of_each()
        groups = np.frombuffer(self._groups, dtype=np.uint32)[rows]
        if np.any(groups[1:] < groups[:-1]):
            order = np.argsort(groups, kind="stable")
            rows, groups = rows[order], groups[order]
        group: list[int] = []
        last = None
        for row, of in chain.from_iterable(
            zip(rows[at : at + _CHUNK].tolist(), groups[at : at + _CHUNK].tolist(), strict=True)
            for at in range(0, len(rows), _CHUNK)
        ):
            if of != last and group:
                yield group
                group = []
            group.append(row)
            last = of
        if group:
            yield group

    def _first_of_each(self) -> npt.NDArray[np.uint32]:
        """Row numbers without duplicates, that is, rows with the identifier of an earlier row."""
        hashes = np.frombuffer(self._hashes, dtype=np.uint64)
        ordered = np.sort(hashes)
        again = ordered[1:][ordered[1:] == ordered[:-1]]
        del ordered
        rows = np.arange(len(hashes), dtype=np.uint32)
        if not len(again):
            return rows
        keep = np.ones(len(hashes), dtype=np.bool_)
        seen: set[str] = set()
        # Hashes may collide, so the identifiers of rows with equal hashes are compared.
        for row in np.flatnonzero(np.isin(hashes, again)).tolist():
            identifier = msgspec.json.decode(self._line(row), type=_Who).file_identifier
            keep[row] = identifier not in seen
            seen.add(identifier)
        self.duplicates = int(len(rows) - keep.sum())
        return rows[keep]

    def _lines(self, rows: list[int]) -> list[bytes]:
        return [self._line(row) for row in rows]

    def _line(self, row: int) -> bytes:
        if self._file.tell() != self._offsets[row]:
            self._file.seek(self._offsets[row])
        return self._file.readline()
