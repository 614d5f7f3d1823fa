"""The lines of a shard: each is a record, or a bad record, which costs its own object alone."""

from __future__ import annotations

from typing import Final

import msgspec

from worker.core import keys
from worker.core.errors import IndexInvalid
from worker.core.json_errors import NOT_JSON
from worker.index import bounded_reads, decode, resolve
from worker.index.record import BadRecord, ObjectRef, Shard

ADVICE: Final = "correct the record in the list and build the index again"


class _Identifier(msgspec.Struct, rename="camel"):
    """What is decoded of a bad record. Its other fields are skipped, whatever they hold."""

    file_identifier: str


_DECODER: Final = msgspec.json.Decoder(_Identifier)


def split(body: bytes) -> list[tuple[int, bytes]]:
    """The lines of a shard that are not blank, with their numbers from 1."""
    return [
        (number, line)
        for number, line in enumerate(body.split(b"\n"), 1)
        if line and not line.isspace()
    ]


def record(shard: Shard, number: int, line: bytes, folder: str) -> ObjectRef:
    """The record in line `number` of `shard`, with absolute locations; the index is in `folder`.

    A line that is no valid record is a `BadRecord`. Its identifier is the line's own if that can
    be read, else it says where the line is; so its uid is the same in every run.
    """
    where = f"{shard.file}:{number}"
    try:
        bounded_reads.check_line(line, where)
        return resolve.resolve(decode.record(line, where), folder, where)
    except IndexInvalid as error:
        return BadRecord(
            file_identifier=_identifier(line) or keys.bad_record(shard.name, number),
            reason=f"{error}; {ADVICE}",
        )


def _identifier(line: bytes) -> str | None:
    try:
        found = _DECODER.decode(line).file_identifier
    except NOT_JSON:
        return None
    usable = found.strip() and len(found) <= resolve.LONGEST and "\0" not in found
    return found if usable else None
