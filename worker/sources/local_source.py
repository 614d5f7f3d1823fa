"""Objects on a local file system: used in place, never copied or changed."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

from worker.core import file_uri
from worker.core.closed_folders import ClosedFolders
from worker.core.deadline import Deadline
from worker.core.errors import Missing, Refused
from worker.core.formats import ARCHIVE_SUFFIXES
from worker.core.transfer import check_size
from worker.index.record import ObjectRef
from worker.sources.archive import is_archive, split, unpack_model
from worker.sources.base import FetchedObject, FetchLimits
from worker.sources.names import check_format, inside, open_inside


class LocalSource:
    """Plain paths and file:// URLs; ``archive.zip!/member``, or an archive with one model."""

    name = "local"

    def __init__(
        self, limits: FetchLimits, stop: threading.Event, named: str | None = None
    ) -> None:
        """`named`: what the user named to be rendered; see `ClosedFolders`."""
        self._closed = ClosedFolders(os.environ, () if named is None else (Path(named),))
        self._limits = limits
        self._stop = stop

    def claims(self, ref: ObjectRef) -> bool:
        """Locations without a scheme, or with file://."""
        return ref.location.startswith(file_uri.SCHEME) or "://" not in ref.location

    def fetch(self, ref: ObjectRef, into: Path) -> FetchedObject:
        """Use the file in place; the files of an archive are unpacked below `into`.

        Raises: Missing (also for a path outside its root), Refused (it lies in a closed folder),
        TooLarge, Unsupported, ImportFailed, Download (the file system fails).
        """
        file, member = split(ref.location)
        path = _path(file)
        try:
            return self._found(ref, path, member, into)
        except PermissionError as error:
            raise Missing(f"{path.name}: not readable: {error.strerror}") from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise Missing(f"{path.name}: no such file") from error
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise Missing(f"{path.name}: {error.strerror}") from error
            raise

    def _found(
        self, ref: ObjectRef, path: Path, member: str | None, into: Path
    ) -> FetchedObject:  # fmt: skip
        root = _root(ref, path, member, self._limits.root_depth)
        self._check_open(root, path.name)
        real_root, model = inside(root, path)
        self._check_open(real_root / model, path.name)
        with open_inside(root, path) as file:
            # The file that was checked, whatever its name leads to by now.
            opened = Path(f"/proc/self/fd/{file.fileno()}")
            if member is not None or is_archive(opened, path.name):
                deadline = Deadline(self._limits.timeout_s, self._stop)
                return unpack_model(ref, opened, path.name, member, into, self._limits, deadline)
            check_format(ref, path.name)
            size = os.fstat(file.fileno()).st_size
        check_size(size, self._limits.max_bytes)
        return FetchedObject(ref=ref, root=real_root, model=model, sha256="", size=size)

    def _check_open(self, path: Path, name: str) -> None:
        """Check that a list may open `path`, for the model called `name`. Raises: Refused."""
        closed = self._closed.around(os.path.realpath(path))
        if closed is not None:
            raise Refused(
                f"{name}: a list does not open {closed}, which holds files of the system or of "
                "others, or credentials; move the models, or render that folder itself"
            )


def root_of(ref: ObjectRef, depth: int) -> Path | None:
    """The folder that an object which is used in place has; None of others. No I/O.

    depth: `FetchLimits.root_depth`.
    """
    file, member = split(ref.location)
    if member is not None or file.lower().endswith(ARCHIVE_SUFFIXES):
        return None
    try:
        return _root(ref, _path(file), member, depth)
    except Missing:
        return None


def _root(ref: ObjectRef, path: Path, member: str | None, depth: int) -> Path:
    # A root inside an archive says what to unpack, not where the archive may be.
    if member is None and ref.root is not None and split(ref.root).member is None:
        return _path(ref.root)
    above = path.absolute().parents
    return above[min(depth, len(above) - 1)]


def _path(location: str) -> Path:
    """The path of a plain location or of a file:// URL on this host."""
    if not location.startswith(file_uri.SCHEME):
        return Path(location)
    try:
        return Path(file_uri.path_of(location))
    except ValueError as error:
        raise Missing(f"{location}: {error}") from error
