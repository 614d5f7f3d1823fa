"""Objaverse-XL's GitHub objects: files at a pinned commit of a repository."""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from worker.contract import git_lfs
from worker.core import keys
from worker.core.deadline import Deadline
from worker.core.destinations import AllowedHosts
from worker.core.errors import Missing, ObjectError
from worker.core.formats import is_model
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject, FetchLimits
from worker.sources.kept import Downloads, KeptCommit
from worker.sources.names import check_format
from worker.sources.repository import LINK, CommitFiles, Repository, TreeFile

PREFIX = "https://github.com/"
BLOB = re.compile(
    re.escape(PREFIX) + r"(?P<org>[\w.-]+)/(?P<repo>[\w.-]+)/blob/(?P<commit>[^/]+)/(?P<path>.+)",
    re.DOTALL,
)
COMMIT = re.compile(r"[0-9a-f]{40}")


class Commit(NamedTuple):
    """A commit of a GitHub repository."""

    org: str
    repo: str
    commit: str

    @property
    def repository(self) -> str:
        """Organisation and name, as in `ObjectRef.repository`."""
        return f"{self.org}/{self.repo}"

    @property
    def url(self) -> str:
        """The URL that git fetches from."""
        return f"{PREFIX}{self.org}/{self.repo}.git"

    @property
    def kept_as(self) -> str:
        """The key under which its files are kept for all of its objects."""
        return keys.repository_download("github", self.org, self.repo, self.commit)

    def blob(self, path: str) -> str:
        """The identifier of a file as Objaverse-XL writes it, with an unquoted path."""
        return f"{PREFIX}{self.org}/{self.repo}/blob/{self.commit}/{path}"


class FetchedCommit(NamedTuple):
    """A fetched commit, and the sorted paths of the models in it, without LFS pointers."""

    commit: Commit
    models: tuple[str, ...]


class _Checkout:
    """A repository while its objects are in use; `lock` lets one thread fetch it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.awaited: Counter[str] = Counter()
        self.used = 0
        self.repository: CommitFiles | None = None
        self.folder: Path | None = None
        self.failure: ObjectError | None = None


class GitSource:
    """``https://github.com/org/repo/blob/<commit>/path``, one fetch for all objects of a commit.

    A checkout lives from its first `fetch` until its last planned object is released. A failure to
    fetch it is remembered as long, so that it costs one timeout and not one per object.
    """

    name = "git"

    def __init__(
        self,
        limits: FetchLimits,
        stop: threading.Event,
        folder: Path,
        hosts: AllowedHosts,
        downloads: Downloads | None = None,
    ) -> None:
        """`downloads`: where commits are instead of at GitHub, each kept by an earlier fetch."""
        self._downloads = downloads
        self._limits = limits
        self._hosts = hosts
        self._stop = stop
        self._folder = folder
        self._lock = threading.Lock()
        self._checkouts: dict[Commit, _Checkout] = {}
        self._fetched_commits: list[FetchedCommit] = []

    def claims(self, ref: ObjectRef) -> bool:
        """Every blob URL of GitHub, pinned or not: over HTTP it would be a web page."""
        return BLOB.fullmatch(ref.location) is not None

    def plan(self, refs: Iterable[ObjectRef]) -> None:
        """Expect a `fetch` of each of `refs`; their checkouts stay until then."""
        with self._lock:
            for ref in refs:
                if self.claims(ref):
                    commit, _ = _parse(ref.location)
                    self._checkout(commit).awaited[ref.file_identifier] += 1

    def fetch(self, ref: ObjectRef, into: Path) -> FetchedObject:  # noqa: ARG002 - Source's
        """Fetch the object's repository; its root is the checkout, with all of the commit's files.

        Raises: Missing (no such repository, commit or file; a link; a Git LFS pointer), Refused,
        Download, TooLarge, Unsupported.
        """
        commit, path = _parse(ref.location)
        with self._lock:
            checkout = self._checkout(commit)
            if checkout.awaited[ref.file_identifier] > 0:
                checkout.awaited[ref.file_identifier] -= 1
            checkout.used += 1
        try:
            repository = self._fetched(commit, checkout)
            found = _found(ref, repository, path)
        except BaseException:
            self.release(ref)
            raise
        links = frozenset(name for name, what in repository.other.items() if what == LINK)
        return msgspec.structs.replace(found, kept_as=commit.kept_as, links=links)

    def release(self, ref: ObjectRef) -> None:
        """Release a fetched object; the last one deletes the checkout."""
        commit, _ = _parse(ref.location)
        with self._lock:
            checkout = self._checkout(commit)
            checkout.used -= 1
            if checkout.used > 0 or checkout.awaited.total() > 0:
                return
            del self._checkouts[commit]
        if checkout.folder is not None:
            shutil.rmtree(checkout.folder, ignore_errors=True)

    def fetched_commits(self) -> list[FetchedCommit]:
        """The commits that were fetched since the last call."""
        with self._lock:
            fetched, self._fetched_commits = self._fetched_commits, []
            return fetched

    def _checkout(self, commit: Commit) -> _Checkout:
        return self._checkouts.setdefault(commit, _Checkout())

    def _fetched(self, commit: Commit, checkout: _Checkout) -> CommitFiles:
        if not COMMIT.fullmatch(commit.commit):
            raise Missing(f"{commit.blob('…')}: not pinned to a commit of 40 hex digits")
        with checkout.lock:
            if checkout.failure is not None:
                raise type(checkout.failure)(*checkout.failure.args) from checkout.failure
            if checkout.repository is None:
                checkout.folder = Path(tempfile.mkdtemp(dir=self._folder))
                repository = self._files_of(commit, checkout.folder)
                try:
                    repository.fetch(
                        self._limits, Deadline(self._limits.timeout_s, self._stop)
                    )  # fmt: skip
                except ObjectError as error:
                    checkout.failure = error
                    shutil.rmtree(checkout.folder, ignore_errors=True)
                    raise
                checkout.repository = repository
                with self._lock:
                    self._fetched_commits.append(FetchedCommit(commit, _models(repository)))
            return checkout.repository

    def _files_of(self, commit: Commit, folder: Path) -> CommitFiles:
        if self._downloads is not None:
            return KeptCommit(self._downloads, commit.kept_as, folder)
        return Repository(commit.url, commit.commit, folder, self._hosts)


def file_of(location: str) -> tuple[Commit, str] | None:
    """Commit and path (as written) of a blob URL; None for any other location."""
    return _parse(location) if BLOB.fullmatch(location) else None


def _parse(location: str) -> tuple[Commit, str]:
    """Commit and path (as written) of a blob URL that BLOB matches."""
    match = BLOB.fullmatch(location)
    if match is None:
        raise Missing(f"{location}: not a file of a GitHub repository")
    return Commit(match["org"], match["repo"], match["commit"].lower()), match["path"]


def _found(ref: ObjectRef, repository: CommitFiles, path: str) -> FetchedObject:
    # Objaverse-XL does not quote paths; a URL copied from a browser does.
    for named in (path, unquote(path)):
        if named in repository.other:
            raise Missing(f"{ref.location}: is {repository.other[named]}, not a file")
        file = repository.tree.get(named)
        if file is None:
            continue
        if _is_lfs(repository, file):
            raise Missing(f"{ref.location}: a Git LFS pointer; LFS files are not fetched")
        check_format(ref, named)
        size = (repository.files / named).stat().st_size
        return FetchedObject(ref=ref, root=repository.files, model=named, sha256="", size=size)
    raise Missing(f"{ref.location}: no such file in the repository at this commit")


def _is_lfs(repository: CommitFiles, file: TreeFile) -> bool:
    if file.size > 1024:  # noqa: PLR2004 - the specification's limit of a pointer's size
        return False
    return (repository.files / file.path).read_bytes().startswith(git_lfs.MARK)


def _models(repository: CommitFiles) -> tuple[str, ...]:
    return tuple(
        path
        for path, file in sorted(repository.tree.items())
        if is_model(path) and path.isprintable() and not _is_lfs(repository, file)
    )
