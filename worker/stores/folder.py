"""A store in a folder, local or shared (NFS, Lustre, BeeGFS, …).

A body is written to a temporary file in the key's folder (some file systems cannot link across
folders), flushed to disk, and then hard-linked to its name. The link either makes the complete
file visible or fails because the name exists. A killed worker leaves at most a temporary file;
listings skip it, and remove it when it is a day old.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from worker.core import keys
from worker.core.errors import StoreError, StoreFull
from worker.core.failpoints import Failpoint, reach
from worker.core.sha256 import sha256_of
from worker.stores.base import Entry, Stat, TooLargeToRead, check_key

STALE_S = 24 * 3600.0
"""The age of an abandoned temporary file; far longer than any write or clock skew of a cluster."""

NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EXDEV})
NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS})
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

ADVICE = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some of the quota",
    errno.EACCES: "make it writable for this user",
    errno.EPERM: "make it writable for this user",
    errno.EROFS: "mount it writable",
    errno.ENOTDIR: "remove the file that is where a folder should be",
    errno.EEXIST: "remove the file that is where a folder should be",
    errno.ENAMETOOLONG: "use a shorter path",
}


class FolderStore:
    """A store whose keys are the paths of files below `root`, a folder created when needed."""

    remote = False

    def __init__(self, root: Path) -> None:
        self.uri = str(root)
        self._root = root.absolute()
        self._links = True

    @property
    def creates_once(self) -> bool:
        """Whether the file system has hard links; True until a link fails."""
        return self._links

    def check(self) -> None:
        """Check that the folder can be created, written and listed. Raises: StoreError."""
        with self._explained("write to"):
            probe = self._root / keys.probe(uuid4().hex)
            self._place(b"probe", probe)
            probe.unlink()
        next(self.list(), None)

    def create(self, key: str, body: bytes | Path) -> bool:
        """Store `body` under `key` unless it exists; see `Store.create`. Raises: StoreError."""
        target = self._path(key)
        with self._explained(f"write {key} to"):
            return self._place(body, target) or sha256_of(target) == sha256_of(body)

    def replace(self, key: str, body: bytes, media_type: str) -> None:  # noqa: ARG002 - S3's
        """Store `body` under `key`; see `Store.replace`. It is not flushed. Raises: StoreError."""
        target = self._path(key)
        with self._explained(f"write {key} to"):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.parent / keys.temporary(uuid4().hex)
            try:
                temporary.write_bytes(body)
                temporary.replace(target)
            finally:
                temporary.unlink(missing_ok=True)

    def read(self, key: str, most: int | None = None) -> bytes | None:
        """The body of `key`, or None; see `Store.read`. Raises: StoreError, TooLargeToRead."""
        target = self._path(key)
        with self._explained(f"read {key} from"):
            try:
                with target.open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    if most is not None and size > most:
                        raise TooLargeToRead(key, size)
                    return file.read()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None

    @contextlib.contextmanager
    def as_file(self, key: str, folder: Path, most: int) -> Iterator[Path | None]:  # noqa: ARG002 - S3's
        """The file of `key` itself, or None; see `Store.as_file`. Raises: StoreError."""
        target = self._path(key)
        with contextlib.ExitStack() as stack:
            found = None
            with self._explained(f"read {key} from"), contextlib.suppress(
                FileNotFoundError, NotADirectoryError, IsADirectoryError
            ):  # fmt: skip
                file = stack.enter_context(target.open("rb"))
                found = Path(f"/proc/self/fd/{file.fileno()}")
                size = os.fstat(file.fileno()).st_size
            if found is not None and size > most:
                raise TooLargeToRead(key, size)
            yield found

    def stat(self, key: str) -> Stat | None:
        """Size and sha256 of `key`, computed from its file, or None. Raises: StoreError."""
        target = self._path(key)
        with self._explained(f"read {key} from"):
            try:
                return Stat(target.stat().st_size, sha256_of(target))
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None

    def list(self, prefix: str = "", *, after: str = "", before: str = "") -> Iterator[Entry]:
        """Every entry whose key starts with `prefix`; see `Store.list`. Raises: StoreError."""
        folder, slash, _ = prefix.rpartition("/")
        if folder:
            check_key(folder)
        for entry in self._walk(folder + slash, prefix, frozenset()):
            if before and entry.key >= before:
                return
            if entry.key > after:
                yield entry

    def _walk(self, base: str, prefix: str, above: frozenset[tuple[int, int]]) -> Iterator[Entry]:
        """The entries below `base`; of a link to a folder in `above`, which it is in, none."""
        # Folders are sorted with their slash, as keys are: "a.b" comes before "a/b".
        names: list[str] = []
        with self._explained(f"list {base or 'keys'} in"), contextlib.suppress(
            FileNotFoundError, NotADirectoryError
        ), os.scandir(self._root / base) as entries:  # fmt: skip
            found = (self._root / base).stat()
            if (found.st_dev, found.st_ino) in above:
                return
            above |= {(found.st_dev, found.st_ino)}
            for entry in entries:
                if keys.is_own(entry.name):
                    _remove_if_stale(entry)
                elif (name := entry.name + "/" * entry.is_dir()) and (base + name).startswith(
                    prefix
                ):
                    names.append(name)
        for name in sorted(names):
            if name.endswith("/"):
                yield from self._walk(base + name, prefix, above)
                continue
            try:
                size = (self._root / base / name).stat().st_size
            except OSError:
                continue  # removed since, or a dangling link
            yield Entry(base + name, size)

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._root / key

    def _place(self, body: bytes | Path, target: Path) -> bool:
        """Make `body` visible as `target`, atomically; False if `target` exists."""
        if target.exists():
            return False
        _make_folder(target.parent)
        temporary = target.parent / keys.temporary(uuid4().hex)
        try:
            _write(temporary, body)
            reach(Failpoint.FOLDER_WRITTEN)
            try:
                os.link(temporary, target)
                reach(Failpoint.FOLDER_LINKED)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                self._links = False
                # FAT, SMB and some FUSE mounts have no hard links. The check and the rename are
                # then two steps, and the later of two simultaneous writers wins. Both files are
                # complete, and workers write the same bytes under the same key.
                if target.exists():
                    return False
                temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(target.parent)
        return True

    @contextlib.contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            advice = ADVICE.get(error.errno or 0)
            kind = StoreFull if error.errno in FULL else StoreError
            raise kind(
                f"cannot {doing} folder {self.uri}: {why}"
                + (f"; {advice} or choose another folder" if advice else "")
            ) from error


def _write(path: Path, body: bytes | Path) -> None:
    with path.open("xb") as file:
        reach(Failpoint.FOLDER_BEGUN)
        if isinstance(body, bytes):
            file.write(body)
        else:
            with body.open("rb") as source:
                shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    """Create `folder` and its parents, and flush them to disk."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Flush a folder's entries to disk, if its file system supports that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


def _remove_if_stale(entry: os.DirEntry[str]) -> None:
    """Remove an abandoned temporary file; without write permission it is left."""
    with contextlib.suppress(OSError):
        if time.time() - entry.stat().st_mtime > STALE_S:
            os.unlink(entry.path)  # noqa: PTH108 - a path as scandir gives it
