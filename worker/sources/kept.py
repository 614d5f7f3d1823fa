"""Objects that an earlier `fetch` has kept: their archives, in a folder or on S3.

A run with `--downloads` reads them instead of a network. Nothing in an archive is trusted: its
sha256 is checked where the ledger has it, names and sizes in it as they are written.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from worker.core import keys
from worker.core.deadline import Deadline
from worker.core.errors import OBJECT_ERRORS, Download, ImportFailed, StoreError, TooLarge
from worker.core.sha256 import sha256_of
from worker.core.transfer import check_size
from worker.index.record import ObjectRef
from worker.sources import scene_members
from worker.sources.base import FetchedObject, FetchLimits, KeptObject
from worker.sources.keeper import LINK_MODE
from worker.sources.local_source import LocalSource
from worker.sources.names import called
from worker.sources.repository import LINK, MAX_FILES, TreeFile
from worker.sources.unpack import BROKEN, copy, entries
from worker.stores.base import Store, TooLargeToRead

FORMAT: Final = "tar"
"""The format of the archives: in a tar, a name may have any bytes."""
FETCH: Final = "run 'render-worker fetch'"
FETCH_LOST: Final = "delete it there and run 'render-worker fetch --retry lost'"


class UnpackedFile(NamedTuple):
    """A file of an archive; `link`: in its repository it is a symbolic link."""

    name: str
    size: int
    link: bool


class Downloads:
    """A place of downloads, and what its ledger says of the objects that are asked for next.

    Thread-safe.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._awaited: Counter[str] = Counter()
        self._known: dict[str, KeptObject] = {}
        self._commits: dict[str, str] = {}
        """sha256 of the archives of commits, by key: also of those whose discoveries come last."""

    def expect(self, refs: Iterable[ObjectRef], lines: Mapping[str, Sequence[KeptObject]]) -> None:
        """Learn what the ledger says of objects to be fetched, each once.

        lines: by uid; of a range of scenes one for each member, or one with the range's failure.
        """
        with self._lock:
            for ref in refs:
                line = lines.get(ref.uid, ())
                if ref.scenes is None:
                    self._learn(ref.uid, line[:1])
                elif len(line) == len(ref.scenes.members):
                    for member, kept in zip(ref.scenes.members, line, strict=True):
                        self._learn(member.uid, (kept,))
                else:  # failed, or fetched as objects of a list and not as members of a range
                    self._learn(ref.uid, line[:1])
                    for member in ref.scenes.members:
                        self._learn(member.uid, lines.get(member.uid, ())[:1])

    def _learn(self, uid: str, line: Sequence[KeptObject]) -> None:
        for kept in line:
            self._awaited[uid] += 1
            self._known[uid] = kept
            if kept.key and kept.key != keys.kept_archive(keys.download(uid), FORMAT):
                self._commits[kept.key] = kept.archive

    def has_failed(self, ref: ObjectRef) -> bool:
        """Whether `take` raises, because the ledger has a failure of the object."""
        with self._lock:
            kept = self._known.get(ref.uid)
            return kept is not None and kept.code is not None

    def take(self, ref: ObjectRef) -> KeptObject | None:
        """What the ledger says of an object, which `expect` was told of; None for nothing.

        Raises: the failure that the ledger has of it; Download instead of a transient one.
        """
        with self._lock:
            kept = self._known.get(ref.uid)
            self._awaited[ref.uid] -= 1
            if self._awaited[ref.uid] <= 0:
                del self._awaited[ref.uid]
                self._known.pop(ref.uid, None)
        if kept is None or kept.code is None:
            return kept
        failure = OBJECT_ERRORS.get(kept.code, Download)
        if failure.retryable:
            raise Download(
                f"{called(ref)}: could not be fetched ({kept.code}: {kept.message}); {FETCH} again"
            )
        raise failure(kept.message)

    def of_commit(self, key: str) -> KeptObject:
        """The archive of a commit, with its sha256 if the ledger has told it."""
        with self._lock:
            return KeptObject(key=key, archive=self._commits.get(key, ""))

    def unpack(
        self, kept: KeptObject, what: str, into: Path, limits: FetchLimits, deadline: Deadline
    ) -> list[UnpackedFile]:
        """Unpack the archive of `kept` into the folder `into`, which it creates.

        Raises: Download (`what` is not there, damaged, or the archive cannot be read), TooLarge,
        ImportFailed (unsafe names); StoreError if the place is unusable.
        """
        into.mkdir(parents=True)
        key = kept.key
        most = 2 * limits.max_bytes + MAX_FILES * 1024
        try:
            with self._store.as_file(key, into.parent, most) as archive:
                if archive is None:
                    raise Download(f"{what}: is not in --downloads; {FETCH}")
                if kept.archive and sha256_of(archive) != kept.archive:
                    raise Download(f"{what}: {key} was changed since it was fetched; {FETCH_LOST}")
                return _unpack(archive, key, into, limits, deadline)
        except TooLargeToRead as error:
            raise TooLarge(f"{what}: {key} has {error.size:,} bytes") from error
        except BROKEN as error:
            raise Download(f"{what}: {key} cannot be unpacked: {error}; {FETCH_LOST}") from error
        except StoreError as error:
            self._store.read(keys.FETCH)  # raises if the place is unusable, not only for this key
            raise Download(f"{what}: {error}") from error


class KeptSource:
    """Objects of any location that is not local, from a place of downloads."""

    name = "kept"

    def __init__(self, limits: FetchLimits, stop: threading.Event, downloads: Downloads) -> None:
        self._limits = limits
        self._stop = stop
        self._downloads = downloads
        self._local = LocalSource(limits, stop)

    def claims(self, ref: ObjectRef) -> bool:
        """Whatever a LocalSource does not."""
        return not self._local.claims(ref)

    def fetch(self, ref: ObjectRef, into: Path) -> FetchedObject:
        """Unpack the object's archive below `into`. The Fetcher checks its model.

        Raises: Download, TooLarge, ImportFailed, or the failure that the ledger has.
        """
        kept = self._downloads.take(ref)
        if kept is None or not kept.key:
            raise Download(f"{called(ref)}: is not in --downloads; {FETCH}")
        root = into / "files"
        deadline = Deadline(self._limits.timeout_s, self._stop)
        self._downloads.unpack(kept, called(ref), root, self._limits, deadline)
        return FetchedObject(ref=ref, root=root, model=kept.model, sha256="", size=kept.size)


class KeptCommit:
    """The files of a commit, from a place of downloads; see `repository.CommitFiles`."""

    def __init__(self, downloads: Downloads, kept_as: str, folder: Path) -> None:
        self._downloads = downloads
        self._kept_as = kept_as
        self.files = folder / "files"
        self.tree: dict[str, TreeFile] = {}
        self.other: dict[str, str] = {}

    def fetch(self, limits: FetchLimits, deadline: Deadline) -> None:
        """Unpack the commit's archive. Raises: Download, TooLarge, ImportFailed; StoreError."""
        kept = self._downloads.of_commit(keys.kept_archive(self._kept_as, FORMAT))
        what = self._kept_as.removeprefix(keys.DOWNLOADS)
        found = self._downloads.unpack(kept, what, self.files, limits, deadline)
        self.tree = {each.name: TreeFile(each.name, each.size) for each in found if not each.link}
        self.other = {each.name: LINK for each in found if each.link}


def waiting(refs: Iterable[ObjectRef], downloads: Downloads) -> Iterable[ObjectRef]:
    """Those of `refs`, ranges' members one by one, whose files will be asked for."""
    for ref in refs:
        if not downloads.has_failed(ref):
            yield from (one for one in scene_members.of(ref) if not downloads.has_failed(one))


def _unpack(
    archive: Path, key: str, into: Path, limits: FetchLimits, deadline: Deadline
) -> list[UnpackedFile]:
    found: list[UnpackedFile] = []
    names: set[str] = set()
    total = 0
    for entry in entries(archive, f"_.{FORMAT}", limits.max_bytes, MAX_FILES):
        deadline.left()
        if not entry.is_file:
            continue
        if not {"", ".", ".."}.isdisjoint(entry.name.split("/")) or entry.name in names:
            raise ImportFailed(f"{key}: unsafe file name {entry.name[:100]!r}")
        check_size(total + entry.size, limits.max_bytes)
        target = into / entry.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            size = copy(entry, file, limits.max_bytes - total, deadline)
        found.append(UnpackedFile(entry.name, size, entry.mode == LINK_MODE))
        names.add(entry.name)
        total += size
    return found
