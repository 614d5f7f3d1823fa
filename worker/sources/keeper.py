"""Keeping downloaded files: --keep-downloads, --keep-format."""

from __future__ import annotations

import gzip
import os
import stat
import tarfile
import tempfile
import threading
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from worker.core import keys
from worker.core.errors import Download, PublishFailed, StoreError, StoreFull, UsageError
from worker.core.sha256 import sha256_of
from worker.sources.base import FetchedObject
from worker.stores.base import Store

DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date of a zip, given to every file so that equal files make equal archives."""
MODE = 0o644
LINK_MODE = 0o444
"""Of a repository's link in an `exact` archive: a plain file with the name that it leads to."""


class _Shared:
    """Files that many objects share; `lock` lets one thread keep them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.kept: tuple[str, str] | None = None


class Keeper:
    """Stores an object's files under ``downloads/<uid>``, as an archive or as they are.

    It keeps all regular files of the object's root and no links; equal files give equal bytes. In
    format "files", a name that is not allowed in a key is percent-quoted. A repository is kept
    once, under ``downloads/github/<org>/<repo>/<commit>``, whichever of its objects are fetched.

    The Fetcher keeps files that were downloaded, not those of a local file system.
    """

    def __init__(self, store: Store, format_: str, *, exact: bool = False) -> None:
        """`exact`: a tar that tells links; `keep` returns its hash, and refuses one that differs.

        Raises: UsageError for a format that is not in FORMATS.
        """
        if exact and format_ != "tar":
            raise UsageError(f"cannot keep exact downloads as {format_!r}; use 'tar'")
        if format_ not in FORMATS:
            raise UsageError(f"cannot keep downloads as {format_!r}; known: {', '.join(FORMATS)}")
        self._store = store
        self._format = format_
        self._exact = exact
        self._lock = threading.Lock()
        self._shared: dict[str, _Shared] = {}
        self.asked = False
        """Whether `keep` was called."""

    @property
    def uri(self) -> str:
        """Where the files are kept."""
        return self._store.uri

    def keep(self, fetched: FetchedObject) -> tuple[str, str]:
        """Store the object's files; existing keys are left as they are.

        Returns key and hex sha256 of the archive; ("", "") unless `exact`.

        Raises: StoreError if the store is unusable, Download if only this object is refused;
        PublishFailed if an `exact` archive exists with other bytes.
        """
        self.asked = True
        try:
            if fetched.kept_as is None:
                return self._put(keys.download(fetched.ref.uid), fetched)
            return self._put_once(fetched.kept_as, fetched)
        except StoreFull:
            raise
        except StoreError as error:
            self._store.check()  # raises if the store is unusable, not only for this object
            raise Download(f"could not keep {fetched.ref.uid}: {error}") from error

    def _put_once(self, key: str, fetched: FetchedObject) -> tuple[str, str]:
        with self._lock:
            shared = self._shared.setdefault(key, _Shared())
        with shared.lock:
            if shared.kept is None:
                shared.kept = self._put(key, fetched)
            return shared.kept

    def _put(self, key: str, fetched: FetchedObject) -> tuple[str, str]:
        root = fetched.root
        pack = FORMATS[self._format]
        if pack is None:
            for name, path in _files(root):
                self._store.create(keys.kept_file(key, name), path)
            return "", ""
        handle, name = tempfile.mkstemp(dir=root.parent)
        os.close(handle)
        archive = Path(name)
        try:
            if self._exact:
                _tar(archive, root, fetched.links)
            else:
                pack(archive, root)
            key = keys.kept_archive(key, self._format)
            same = self._store.create(key, archive)
            if not self._exact:
                return "", ""
            if not same:
                raise PublishFailed(
                    f"{key} already exists with other bytes: the object has changed since, or the "
                    "file is damaged; delete it and fetch again"
                )
            return key, sha256_of(archive)
        finally:
            archive.unlink()


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    """Regular files below `root` with POSIX names relative to it, sorted by name."""
    found = []
    for parent, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = Path(parent, name)
            if stat.S_ISREG(path.lstat().st_mode):
                found.append((path.relative_to(root).as_posix(), path))
    yield from sorted(found)


def _zip(archive: Path, root: Path) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        for name, path in _files(root):
            info = zipfile.ZipInfo(name, DATE)
            info.external_attr = (stat.S_IFREG | MODE) << 16
            info.file_size = path.stat().st_size
            with path.open("rb") as source, opened.open(info, "w") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)


def _tar(archive: Path, root: Path, links: Collection[str] = ()) -> None:
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as opened:
        _add_all(opened, root, links)


def _tar_gz(archive: Path, root: Path) -> None:
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as opened,
    ):
        _add_all(opened, root)


def _add_all(opened: tarfile.TarFile, root: Path, links: Collection[str] = ()) -> None:
    for name, path in _files(root):
        info = tarfile.TarInfo(name)
        info.size = path.stat().st_size
        info.mode = LINK_MODE if name in links else MODE
        with path.open("rb") as source:
            opened.addfile(info, source)


FORMATS: Mapping[str, Callable[[Path, Path], None] | None] = {
    "zip": _zip,
    "tar": _tar,
    "tar.gz": _tar_gz,
    "files": None,
}
"""The values of --keep-format, each with the function that writes the archive."""
