"""Reads the ledger of an output: how the attempts at each object ended."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from render_worker.archive import UID
from render_worker.errors import PlaceError
from render_worker.files import Store

LEDGER: Final = "ledger/"
PART_LIMIT: Final = 1 << 30
RENDERED: Final = "rendered"
_PART: Final = re.compile(
    r"(?P<writer>.+?)-(?P<first>[0-9]{6,})(?:-to-(?P<last>[0-9]{6,}))?\.jsonl"
)
"""A part, or one with the lines of a writer's parts `first` to `last`, which it supersedes."""
_DONE: Final = frozenset({RENDERED, "exported"})


@dataclass(frozen=True)
class Outcome:
    """How the last attempt at an object ended. A fact that the ledger does not have is None."""

    uid: str
    identifier: str
    """The object's file identifier, from the index."""
    outcome: str
    """"rendered", "failed", or "new" (found in a repository, but not listed)."""
    time: str
    """End of the attempt, RFC 3339 in UTC."""
    facts: Mapping[str, Any]
    """All fields of the ledger's line, by their names in it."""

    @property
    def shard(self) -> str | None:
        """The shard of the index that lists it."""
        return self.facts.get("shard")

    @property
    def code(self) -> str | None:
        """Of a failed object: the failure's code, such as "import"."""
        return self.facts.get("code")

    @property
    def message(self) -> str | None:
        """Of a failed object: the reason."""
        return self.facts.get("message")

    @property
    def views(self) -> int | None:
        """Number of views."""
        return self.facts.get("views")

    @property
    def size(self) -> int | None:
        """Size of the zip in bytes."""
        return self.facts.get("size")

    @property
    def sha256(self) -> str | None:
        """Hex digest of the zip."""
        return self.facts.get("sha256")

    @property
    def coverage_min(self) -> float | None:
        """Least share of a view's pixels that show the object, 0 to 1."""
        return self.facts.get("coverage_min")

    @property
    def coverage_mean(self) -> float | None:
        """Mean share of the views' pixels that show the object, 0 to 1."""
        return self.facts.get("coverage_mean")

    @property
    def missing(self) -> int:
        """Number of files that the object names, but that were missing or did not decode."""
        return int(self.facts.get("missing", 0))

    @property
    def seconds(self) -> Mapping[str, float]:
        """Duration of each step."""
        return dict(self.facts.get("seconds", {}))


def shards(store: Store) -> dict[str, list[str]]:
    """The keys of each shard's ledger parts, shards and keys sorted, without superseded ones.

    Raises: PlaceError.
    """
    found: dict[str, list[str]] = {}
    for entry in store.list(LEDGER):
        if entry.key.endswith(".jsonl"):
            found.setdefault(entry.key[len(LEDGER) :].partition("/")[0], []).append(entry.key)
    return {shard: _current(parts) for shard, parts in found.items()}


def _current(parts: list[str]) -> list[str]:
    """Those of a shard's parts that no part with the lines of several supersedes."""
    matches = {part: _PART.fullmatch(part) for part in parts}
    joined = [match for match in matches.values() if match and match["last"]]
    return [part for part in parts if not _superseded(matches[part], joined)]


def _superseded(part: re.Match[str] | None, joined: list[re.Match[str]]) -> bool:
    return part is not None and any(
        each is not part
        and each["writer"] == part["writer"]
        and int(each["first"]) <= int(part["first"])
        and int(part["last"] or part["first"]) <= int(each["last"])
        for each in joined
    )


def read_all(store: Store, parts: Mapping[str, list[str]]) -> Iterator[list[Outcome]]:
    """`read` of every shard, in order; from S3, several at the same time. Raises: PlaceError."""
    if store.at_once == 1:
        yield from (read(store, keys) for keys in parts.values())
        return
    waiting: deque[Future[list[Outcome]]] = deque()
    with ThreadPoolExecutor(store.at_once, "ledger") as pool:
        try:
            for keys in parts.values():
                waiting.append(pool.submit(read, store, keys))
                if len(waiting) > store.at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def read(store: Store, parts: list[str]) -> list[Outcome]:
    """The last outcome of each object in these parts of one shard, sorted by uid.

    A rendered outcome wins over any other. Lines that are damaged or have no valid uid are left
    out, as the worker does.

    Raises: PlaceError.
    """
    found: dict[str, Outcome] = {}
    for key in parts:
        for line in _lines(store, key):
            before = found.get(line.uid)
            if before is None or _supersedes(line, before):
                found[line.uid] = line
    return [found[uid] for uid in sorted(found)]


def _supersedes(line: Outcome, before: Outcome) -> bool:
    done = line.outcome in _DONE
    if done != (before.outcome in _DONE):
        return done
    return line.time >= before.time


def _lines(store: Store, key: str) -> Iterator[Outcome]:
    body = store.read(key, PART_LIMIT)
    if body is None:
        raise PlaceError(f"{store.place}/{key} was removed while it was read")
    for text in body.splitlines():
        try:
            line = json.loads(text)
            made = Outcome(
                line["uid"], line["file_identifier"], line["outcome"], line["time"], line
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
        if isinstance(made.uid, str) and UID.fullmatch(made.uid) and isinstance(made.time, str):
            yield made
