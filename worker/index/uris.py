"""Reads indexes and lists from a local path, http://, https:// or s3://."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import FileIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from worker.core import s3 as s3s
from worker.core.deadline import Deadline
from worker.core.destinations import AllowedHosts
from worker.core.errors import (
    Download,
    IndexInvalid,
    Missing,
    Refused,
    StoreError,
    TooLarge,
    UsageError,
)
from worker.core.http_client import HttpClient
from worker.core.s3 import S3Options
from worker.core.transfer import check_size
from worker.index import bounded_reads
from worker.index.list_rules import ListRules

SCHEMES: Final = ("http", "https", "s3")
SLASHES: Final = 2
"""Of a URI that ends with its bucket or host."""
REMOTE: Final = tuple(f"{scheme}://" for scheme in SCHEMES)
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ATTEMPTS: Final = 4


def is_remote(uri: str) -> bool:
    """Whether `uri` is read over a network: http://, https:// or s3://."""
    return uri.startswith(REMOTE)


def local_only(*places: str) -> tuple[str, ...]:
    """Those of `places` that are on this machine; an empty one is none."""
    return tuple(each for each in places if each and not is_remote(each))


def has_scheme(text: str) -> bool:
    """Whether `text` begins with a URI scheme, so that it is not a path."""
    return SCHEME.match(text) is not None


def shown(uri: str) -> str:
    """`uri` for messages: a URL without query (it may have a signature) and credentials."""
    if not uri.startswith(("http://", "https://")):
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:  # not a valid URL, but it may have secrets all the same
        scheme, _, rest = uri.partition("?")[0].partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def name_of(uri: str) -> str:
    """The file name at the end of `uri`; its suffix determines the kind of list."""
    if uri.startswith(("http://", "https://")):
        return unquote(urlsplit(uri).path).rpartition("/")[2]
    return uri.rpartition("/")[2]


def folder_of(uri: str) -> str:
    """The absolute folder or prefix that contains `uri`, without a trailing "/"."""
    if uri.startswith("s3://"):
        return uri.rpartition("/")[0]
    if is_remote(uri):
        parts = urlsplit(uri)
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rpartition("/")[0], "", ""))
    return os.path.dirname(os.path.abspath(uri))  # noqa: PTH100, PTH120 - pathlib keeps ".."


def join(folder: str, path: str) -> str:
    """The absolute path or URI of `path`, which may be relative to `folder`.

    The path of a URL is percent-encoded, except what follows "!/" (a member of an archive).
    """
    if path == "." and is_remote(folder):
        return folder
    if folder.startswith("s3://"):
        return f"{folder}/{path}"
    if is_remote(folder):
        file, mark, member = path.partition("!/")
        return f"{folder}/{quote(file)}{mark}{member}"
    return os.path.normpath(os.path.join(folder, path))  # noqa: PTH118 - keeps "!/" and 10 M fast


@contextmanager
def local_copy(uri: str, s3: S3Options, rules: ListRules) -> Iterator[Path]:
    """A local path with the contents of `uri`; a download is removed at the end.

    Raises: UsageError, if `uri` is empty; IndexInvalid, if it does not exist, is too large or leads
    to where it may not; StoreError, if it cannot be reached, or not read in time.
    """
    if not uri:
        raise UsageError("an empty path is not an index or list; '.' is this folder")
    if not is_remote(uri):
        yield _readable(Path(uri))
        return
    try:
        urlsplit(uri)
    except ValueError as error:
        raise IndexInvalid(f"{shown(uri)}: not a valid URL: {error}") from error
    with TemporaryDirectory(prefix="render-worker-list-") as folder:
        # A fixed name, because the list's own may be anything.
        path = Path(folder) / "list"
        _download(uri, path, s3, rules)
        yield path


def read_bytes(uri: str, s3: S3Options, rules: ListRules) -> bytes:
    """The contents of `uri`, an index or a shard.

    Raises: IndexInvalid, if it does not exist or is too large; StoreError.
    """
    with local_copy(uri, s3, rules) as path:
        try:
            return bounded_reads.file_of_index(path, shown(uri))
        except IsADirectoryError:
            raise IndexInvalid(f"{shown(uri)}: is a folder, not a file") from None
        except OSError as error:
            raise StoreError(f"{shown(uri)}: {error.strerror}") from error


def _readable(path: Path) -> Path:
    """Check that `path` is readable, and return it. Raises: IndexInvalid."""
    try:
        if not path.is_dir():
            path.open("rb").close()
    except FileNotFoundError:
        raise IndexInvalid(f"{path}: no such file or folder") from None
    except OSError as error:
        raise IndexInvalid(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise IndexInvalid(f"{str(path)!r}: {error}") from error
    return path


def _download(uri: str, path: Path, s3: S3Options, rules: ListRules) -> None:
    try:
        if uri.startswith("s3://"):
            _from_s3(uri, path, s3, rules)
        else:
            _from_http(uri, path, rules)
    except OSError as error:
        raise StoreError(f"{shown(uri)}: {error.strerror or error}") from error


class _Limited(FileIO):
    """A new file that does not grow beyond `max_bytes`; boto3 writes its parts in any order."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        super().__init__(path, "wb")
        self._max_bytes = max_bytes

    def write(self, data: Any, /) -> int:
        check_size(self.tell() + len(data), self._max_bytes)
        return super().write(data)


@lru_cache(maxsize=8)
def _client(hosts: AllowedHosts) -> HttpClient:
    return HttpClient(hosts)


def _too_large(uri: str, rules: ListRules) -> IndexInvalid:
    return IndexInvalid(
        f"{shown(uri)}: has more than {rules.max_bytes >> 20:,} MB; if it should, raise "
        "--max-list-mb"
    )


def _from_s3(uri: str, path: Path, options: S3Options, rules: ListRules) -> None:
    # Imported here, as boto3 is in worker.core.s3: a run without S3 need not pay for it.
    from s3transfer.exceptions import RetriesExceededError

    from worker.core.s3_errors import FailureKind, S3Failure, translated

    def ours(failure: S3Failure) -> Exception:
        if failure.kind is FailureKind.ABSENT:
            return IndexInvalid(f"{uri}: no such object")
        return StoreError(f"{uri}: {failure.reason}")

    bucket, key = s3s.parse(uri)
    with _Limited(path, rules.max_bytes) as file, translated(ours):
        try:
            # Unlike get_object, it goes on after a connection that breaks in the middle.
            s3s.client(options).download_fileobj(bucket, key, file)
        except TooLarge as error:
            raise _too_large(uri, rules) from error
        except RetriesExceededError as error:
            raise error.last_exception from error


def _from_http(url: str, path: Path, rules: ListRules) -> None:
    name = shown(url)
    try:
        _client(rules.hosts).download(
            url,
            path,
            max_bytes=rules.max_bytes,
            attempts=_ATTEMPTS,
            deadline=Deadline(rules.timeout_s, threading.Event(), name),
            shown=name,
            may_be_empty=True,
        )
    except TooLarge as error:
        raise _too_large(url, rules) from error
    except (Missing, Refused) as error:
        raise IndexInvalid(str(error)) from error
    except Download as error:
        raise StoreError(str(error)) from error
