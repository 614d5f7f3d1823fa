"""Reads indexes and lists from a local path, http://, https:// or s3://."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import stamina
import urllib3

from worker.core import s3 as s3s
from worker.core.errors import IndexInvalid, StoreError, UsageError
from worker.core.s3 import S3Options

REMOTE: Final = ("http://", "https://", "s3://")
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CHUNK: Final = 1 << 20


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
    with path.open("wb") as file:
        if uri.startswith("s3://"):
            _from_s3(uri, file, s3)
        else:
            _from_http(uri, file)


def _from_s3(uri: str, file: BinaryIO, options: S3Options) -> None:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, key = s3s.parse(uri)
    try:
        # Unlike get_object, this continues after a connection breaks in the middle.
        s3s.client(options).download_fileobj(bucket, key, file)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in {"404", "NoSuchKey", "NoSuchBucket"}:
            raise IndexInvalid(f"{uri}: no such object") from error
        raise StoreError(f"{uri}: {error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreError(f"{uri}: {error}") from error


def _from_http(url: str, file: BinaryIO) -> None:
    try:
        for attempt in stamina.retry_context(
            on=_TransientError, attempts=4, wait_initial=0.2, timeout=60
        ):
            with attempt:
                file.seek(0)
                file.truncate()
                _one_get(url, file)
    except (_TransientError, urllib3.exceptions.HTTPError) as error:
        raise StoreError(f"{shown(url)}: {error}") from error


class _TransientError(Exception):
    """An attempt failed for a reason that may be transient."""


def _one_get(url: str, file: BinaryIO) -> None:
    timeout = urllib3.Timeout(connect=10, read=60)
    with urllib3.PoolManager(timeout=timeout, retries=urllib3.Retry(0, redirect=5)) as http:
        try:
            response = http.request("GET", url, preload_content=False)
            if response.status == 200:  # noqa: PLR2004 - OK
                shutil.copyfileobj(response, file, _CHUNK)
                return
        except ValueError as error:  # such as urllib3's LocationValueError; also for a redirect
            raise IndexInvalid(
                f"{shown(url)}: not a valid URL, or redirects to an invalid one: {error}"
            ) from error
        except (urllib3.exceptions.HTTPError, OSError, ArithmeticError) as error:
            raise _TransientError(_reason(error)) from error
        finally:
            file.flush()
    answer = f"the server responded with {response.status} {response.reason or ''}".strip()
    if response.status in {404, 410}:
        raise IndexInvalid(f"{shown(url)}: {answer}")
    if response.status in {408, 425, 429} or response.status >= 500:  # noqa: PLR2004 - server's fault
        raise _TransientError(answer)
    raise StoreError(f"{shown(url)}: {answer}")


def _reason(error: Exception) -> str:
    """The innermost reason, which urllib3 wraps in messages about its pool and retries."""
    inner = getattr(error, "reason", None)
    return _reason(inner) if isinstance(inner, Exception) else str(error)
