"""Reads indexes and lists from a local path, http://, https:// or s3://."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from worker.core import s3 as s3s
from worker.core.deadline import Deadline
from worker.core.errors import Download, IndexInvalid, Missing, StoreError, UsageError
from worker.core.http_client import HttpClient
from worker.core.s3 import S3Options

SCHEMES: Final = ("http", "https", "s3")
REMOTE: Final = tuple(f"{scheme}://" for scheme in SCHEMES)
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ATTEMPTS: Final = 4
_LIMIT_S: Final = 3600.0
"""For one file over HTTP; of the largest indexes a shard is some MB, a list is some GB."""
_HTTP: Final = HttpClient()


def is_remote(uri: str) -> bool:
    """Whether `uri` is read over a network: http://, https:// or s3://."""
    return uri.startswith(REMOTE)


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
def local_copy(uri: str, s3: S3Options) -> Iterator[Path]:
    """A local path with the contents of `uri`; a download is removed at the end.

    Raises: UsageError, if `uri` is empty; IndexInvalid, if it does not exist; StoreError, if it
    cannot be reached.
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
        _download(uri, path, s3)
        yield path


def read_bytes(uri: str, s3: S3Options) -> bytes:
    """The contents of `uri`. Raises: IndexInvalid, if it does not exist; StoreError."""
    with local_copy(uri, s3) as path:
        try:
            return path.read_bytes()
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


def _download(uri: str, path: Path, s3: S3Options) -> None:
    try:
        if uri.startswith("s3://"):
            _from_s3(uri, path, s3)
        else:
            _from_http(uri, path)
    except OSError as error:
        raise StoreError(f"{shown(uri)}: {error.strerror or error}") from error


def _from_s3(uri: str, path: Path, options: S3Options) -> None:
    # Imported here, as boto3 is in worker.core.s3: a run without S3 need not pay for it.
    from s3transfer.exceptions import RetriesExceededError

    from worker.core.s3_errors import FailureKind, S3Failure, translated

    def ours(failure: S3Failure) -> Exception:
        if failure.kind is FailureKind.ABSENT:
            return IndexInvalid(f"{uri}: no such object")
        return StoreError(f"{uri}: {failure.reason}")

    bucket, key = s3s.parse(uri)
    with path.open("wb") as file, translated(ours):
        try:
            # Unlike get_object, it goes on after a connection that breaks in the middle.
            s3s.client(options).download_fileobj(bucket, key, file)
        except RetriesExceededError as error:
            raise error.last_exception from error


def _from_http(url: str, path: Path) -> None:
    name = shown(url)
    try:
        _HTTP.download(
            url,
            path,
            max_bytes=sys.maxsize,
            attempts=_ATTEMPTS,
            deadline=Deadline(_LIMIT_S, threading.Event(), name),
            shown=name,
            may_be_empty=True,
        )
    except Missing as error:
        raise IndexInvalid(str(error)) from error
    except Download as error:
        raise StoreError(str(error)) from error
