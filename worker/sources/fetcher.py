"""The interface to all sources: choose one, fetch, verify, keep and release objects."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from worker.core import scratch
from worker.core.errors import Download, Modified, NodeError, RecordInvalid, Unsupported
from worker.core.s3 import S3Options
from worker.core.sha256 import sha256_of
from worker.core.transfer import check_size
from worker.index.list_rules import ListRules
from worker.index.record import BadRecord, ObjectRef
from worker.sources import scene_members
from worker.sources.base import FetchedObject, FetchLimits, Source
from worker.sources.git_source import FetchedCommit, GitSource
from worker.sources.http_source import HttpSource
from worker.sources.keeper import Keeper
from worker.sources.kept import Downloads, KeptSource, waiting
from worker.sources.local_source import LocalSource, root_of
from worker.sources.names import called, inside, open_inside
from worker.sources.objaverse_source import ObjaverseSource
from worker.sources.s3_source import S3Source


class Fetcher:
    """Fetches objects to disk, below `folder`. Thread-safe."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: FetchLimits,
        keep: Keeper | None = None,
        s3: S3Options | None = None,
        rules: ListRules = ListRules(),  # noqa: B008 - frozen
        downloads: Downloads | None = None,
    ) -> None:
        """`downloads`: what is not local is read there, and nothing from a network."""
        self._objects = _made(folder / "objects")
        self._limits = limits
        self._keep = keep
        self._stop = threading.Event()
        self._downloads = downloads
        self._git = GitSource(
            limits, self._stop, _made(folder / "repositories"), rules.hosts, downloads
        )
        self._local = LocalSource(limits, self._stop, rules.place)
        # The first source that claims an object fetches it, so specific ones come first.
        afar: Sequence[Source] = (
            (
                ObjaverseSource(limits, self._stop, _made(folder / "objaverse"), rules.hosts),
                S3Source(limits, self._stop, s3 or S3Options(), rules),
                HttpSource(limits, self._stop, rules.hosts),
            )
            if downloads is None
            else (KeptSource(limits, self._stop, downloads),)
        )
        self._sources: Sequence[Source] = (self._git, *afar, self._local)

    def plan(self, refs: Sequence[ObjectRef]) -> None:
        """Announce objects to be fetched, so that files they share stay until the last one."""
        if self._downloads is not None:
            refs = list(waiting(refs, self._downloads))
        self._git.plan([ref for ref in _wanted(refs) if self._source(ref) is self._git])

    def local_roots(self, refs: Iterable[ObjectRef]) -> tuple[Path, ...]:
        """The folders of those objects that are used in place, in order. No I/O."""
        here = (one for one in _wanted(refs) if self._source(one) is self._local)
        found = (root_of(one, self._limits.root_depth) for one in here)
        return tuple(dict.fromkeys(root for root in found if root is not None))

    def fetch(self, ref: ObjectRef) -> FetchedObject:
        """Fetch an object to local disk and verify its sha256. Give it back with `release`.

        Raises: RecordInvalid, Missing, Refused, Modified, Download, TooLarge, Unsupported,
        ImportFailed (a broken archive), ObjectInterrupted (after `stop`); NodeError if the disk is
        full.
        """
        if ref.scenes is not None:
            if self._downloads is not None:
                self._downloads.take(ref)
            return scene_members.fetch(ref, ref.scenes, self._objects, self._fetch, self.release)
        return self._fetch(ref)

    def _fetch(self, ref: ObjectRef) -> FetchedObject:
        if isinstance(ref, BadRecord):
            raise RecordInvalid(ref.reason)
        source = self._source(ref)
        if source is None:
            raise Unsupported(f"{called(ref)}: no source supports this location")
        if self._downloads is not None and source is self._git:
            self._downloads.take(ref)  # without a line, its commit may be there all the same
        into = Path(tempfile.mkdtemp(prefix=f"{ref.uid}-", dir=self._objects))
        fetched = None
        try:
            fetched = source.fetch(ref, into)
            checked = self._checked(fetched)
            if self._keep is not None and source.name != LocalSource.name:
                checked = msgspec.structs.replace(checked, kept=self._keep.keep(checked))
        except BaseException as error:
            if fetched is not None and source is self._git:
                self._git.release(ref)
            shutil.rmtree(into, ignore_errors=True)
            if isinstance(error, OSError):
                raise _explained(error, ref) from error
            raise
        if not checked.root.is_relative_to(into):
            shutil.rmtree(into, ignore_errors=True)
        return checked

    def release(self, fetched: FetchedObject) -> None:
        """Delete what `fetch` downloaded; never an object that was local before."""
        for member in fetched.members:
            if isinstance(member, FetchedObject):
                self.release(member)
        if fetched.members:
            return
        if self._source(fetched.ref) is self._git:
            self._git.release(fetched.ref)
        elif fetched.root.is_relative_to(self._objects):
            name = fetched.root.relative_to(self._objects).parts[0]
            shutil.rmtree(self._objects / name, ignore_errors=True)

    def fetched_commits(self) -> list[FetchedCommit]:
        """The commits fetched since the last call, with the models in them."""
        return self._git.fetched_commits()

    def stop(self) -> None:
        """End all running and later downloads with ObjectInterrupted."""
        self._stop.set()

    def _source(self, ref: ObjectRef) -> Source | None:
        return next((source for source in self._sources if source.claims(ref)), None)

    def _checked(self, fetched: FetchedObject) -> FetchedObject:
        root, model = inside(fetched.root, fetched.path)
        with open_inside(root, root / model) as file:
            size = os.fstat(file.fileno()).st_size
            check_size(size, self._limits.max_bytes)
            sha256 = sha256_of(file)
        wanted = fetched.ref.sha256
        if wanted is not None and sha256 != wanted.lower():
            raise Modified(
                f"{called(fetched.ref)}: its sha256 is {sha256}, but the index says {wanted}"
            )
        return msgspec.structs.replace(fetched, root=root, model=model, sha256=sha256, size=size)


def _made(folder: Path) -> Path:
    """Create a folder if it is missing, and return its real path. Raises: NodeError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NodeError(
            f"{folder}: {error.strerror}; name another folder with --scratch"
        ) from error
    return folder.resolve()


def _explained(error: OSError, ref: ObjectRef) -> NodeError | Download:
    if error.errno in scratch.FULL:
        return scratch.full(error)
    return Download(f"{called(ref)}: {error.strerror or error}")


def _wanted(refs: Iterable[ObjectRef]) -> Iterator[ObjectRef]:
    """The objects to fetch, members of scenes one by one; a bad record has none."""
    objects = (one for ref in refs for one in scene_members.of(ref))
    return (one for one in objects if not isinstance(one, BadRecord))
