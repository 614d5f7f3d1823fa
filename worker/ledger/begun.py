"""Which objects were begun, so that one that kills its worker does not do so for ever.

    begun/<shard>/<writer>.json

Each worker has one note in each shard, which it replaces: the objects that it has begun and that
have no outcome yet. A clean end or stop empties it. What a later worker finds in a note is a mark
on the objects: the worker that wrote it was killed, or its machine was lost.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

import msgspec
import structlog

from worker.core import keys, memory
from worker.core.errors import StoreError
from worker.core.json_errors import NOT_JSON
from worker.core.ordered_map import ordered_map
from worker.ledger.reader import READERS
from worker.stores.base import Store

log = structlog.get_logger(__name__)

BLAMED: Final = 2
"""Marks after which an object is blamed, if it was alone at one of them."""
SETTLED: Final = b""
"""A note of a worker that ended cleanly; a listing shows that it is empty."""
_MEDIA_TYPE: Final = "application/json"

Attempt = tuple[str, int]
"""An object's uid and the number of its attempt, which a mark is of. An outcome ends it."""


class BegunObject(msgspec.Struct, frozen=True):
    """An object that is about to be begun."""

    shard: str
    uid: str
    attempt: int


class BegunNote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The contents of a note."""

    objects: dict[str, int]
    """Attempt by uid, of all objects without an outcome."""
    alone: bool = False
    """Whether the worker renders one object at a time, so that there is one object here."""
    kills: int = 0
    """`memory.kernel_kills` when the note was written."""
    group: str = ""
    """`memory.group` of the worker: where `kills` were counted."""


class Marks(msgspec.Struct, frozen=True):
    """The marks on one attempt at an object."""

    together: int = 0
    """Workers killed while they had the object in progress with others."""
    alone: int = 0
    """Workers killed while they had this object alone in progress."""
    memory: bool = False
    """Whether the kernel has killed for lack of memory since the last of these was begun."""

    @property
    def blamed(self) -> bool:
        """Whether the object is to blame, and is not begun again."""
        return self.alone > 0 and self.together + self.alone >= BLAMED


_DECODER: Final = msgspec.json.Decoder(BegunNote)


def read_marks(store: Store, shard: str) -> dict[Attempt, Marks]:
    """The marks on the objects of `shard`, with one request and one for each note that is open.

    Raises: StoreError.
    """
    found: dict[Attempt, Marks] = {}
    kills, group = memory.kernel_kills(), memory.group()
    names = (entry.key for entry in store.list(keys.begun_of(shard)) if entry.size)
    read = ordered_map(
        lambda key: (key, store.read(key)), names, threads=READERS, ahead=4 * READERS, name="begun"
    )
    for key, body in read:
        try:
            note = _DECODER.decode(body or b'{"objects":{}}')
        except NOT_JSON:
            log.warning("damaged note of begun objects skipped", note=key)
            continue
        starved = note.group == group and kills > note.kills
        for mark in note.objects.items():
            before = found.get(mark, Marks())
            found[mark] = Marks(
                together=before.together + (not note.alone),
                alone=before.alone + note.alone,
                memory=before.memory or (note.alone and starved),
            )
    return found


class BegunNotes:
    """Keeps the notes of one worker. Thread-safe."""

    def __init__(self, store: Store, writer: str) -> None:
        """`writer` is unique to this process, as `Author.worker`."""
        self._store = store
        self._writer = writer
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._open: dict[str, dict[str, int]] = {}
        """By shard: the begun objects without an outcome."""
        self._written: set[str] = set()
        """Shards whose note is not empty."""
        self._settled = threading.Event()

    def begin(self, objects: Iterable[BegunObject], *, alone: bool = False) -> None:
        """Note that `objects` are begun; call it before. A failed write is only a warning.

        Raises: StoreError, if the store is unusable.
        """
        with self._lock:
            for one in objects:
                self._open.setdefault(one.shard, {})[one.uid] = one.attempt
            notes = {shard: dict(each) for shard, each in self._open.items() if each}
            done = self._written - notes.keys()
        with self._writing:
            if self._settled.is_set():
                return
            try:
                for shard, each in notes.items():
                    self._write(shard, self._body(each, alone))
                for shard in done:
                    self._settle_one(shard)
            except StoreError as error:
                self._store.check()
                log.warning("cannot note which objects are begun", why=str(error))

    def end(self, shard: str, uid: str) -> None:
        """Note that an object has its outcome; written with the next `begin`."""
        with self._lock:
            self._open.get(shard, {}).pop(uid, None)

    def settle(self) -> None:
        """Empty the notes: this worker ends cleanly. It writes none after this."""
        self._settled.set()
        with self._writing:
            for shard in sorted(self._written):
                try:
                    self._settle_one(shard)
                except StoreError as error:
                    log.warning("cannot empty the note of begun objects", why=str(error))

    def _body(self, objects: dict[str, int], alone: bool) -> bytes:
        return msgspec.json.encode(
            BegunNote(
                objects=objects, alone=alone, kills=memory.kernel_kills(), group=memory.group()
            )
        )

    def _settle_one(self, shard: str) -> None:
        self._write(shard, SETTLED)
        self._written.discard(shard)

    def _write(self, shard: str, body: bytes) -> None:
        self._written.add(shard)
        self._store.replace(keys.begun_note(shard, self._writer), body, _MEDIA_TYPE)
