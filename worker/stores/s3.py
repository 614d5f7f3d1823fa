"""A store in an S3 bucket, under a prefix.

A write is conditional: the server refuses it if the key exists (`If-None-Match: *`). The sha256
of the body is stored as metadata "sha256". Not every server supports the condition, so it is not
the only guard: a key is derived from its object, and workers write the same bytes under it.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from worker.core import keys, retries, s3, scratch
from worker.core.errors import StoreError, StoreFull
from worker.core.s3 import S3Options
from worker.core.s3_errors import ABSENT_KEY, FailureKind, S3Failure, code_of, translated
from worker.core.s3_get import NoSuchKey, QuickGet
from worker.core.sha256 import sha256_of
from worker.stores.base import Entry, Stat, TooLargeToRead, check_key, is_hidden

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = structlog.get_logger(__name__)

EXISTS = frozenset({"PreconditionFailed", "412"})
RACING = frozenset({"ConditionalRequestConflict", "OperationAborted", "409"})
UNCONDITIONAL = frozenset({"NotImplemented", "InvalidArgument", "InvalidRequest", "501"})
CORRUPT = frozenset({"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch"})
"""The server received bytes that do not match their checksum or signed digest."""


class CorruptTransfer(StoreError):
    """The bytes received are not those that were stored."""


BROKEN = (
    CorruptTransfer,
    boto.FlexibleChecksumError,
    boto.IncompleteReadError,
    boto.ReadTimeoutError,
    boto.ConnectionClosedError,
    boto.ResponseStreamingError,
)
"""Errors of a body that was interrupted or corrupted; botocore does not retry reading a body."""

PAGE = 1000
CHUNK = 1 << 20
TRIES = 8
SHA256 = "sha256"
SHA256_HEADER = f"x-amz-meta-{SHA256}"


class S3Store:
    """A store whose keys are the objects below `uri`, s3://bucket/prefix.

    Raises: UsageError, if the URI or the options are malformed.
    """

    def __init__(self, uri: str, options: S3Options) -> None:
        self._bucket, prefix = s3.parse(uri)
        prefix = prefix.strip("/")
        self.uri = f"{s3.SCHEME}{self._bucket}/{prefix}".rstrip("/")
        self._where = f"{self.uri} at {options.endpoint_url or 'AWS'}"
        self._prefix = f"{prefix}/" if prefix else ""
        self._options = options
        self._client = s3.client(options)
        self._quick = QuickGet(options, self._bucket)
        self._conditional = True
        self.remote = True

    @property
    def creates_once(self) -> bool:
        """Whether the server supports conditional writes; True until one shows otherwise."""
        return self._conditional

    def check(self) -> None:
        """Check within seconds that the bucket can be listed and written. Raises: StoreError.

        Also determines whether the server supports conditional writes.
        """
        client = s3.client(self._options, hasty=True)
        probe = self._prefix + keys.probe(uuid4().hex)
        with _explained("list", self._where):
            client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
        with _explained("write to", self._where):
            try:
                self._put(client, probe, b"probe")
                self._put(client, probe, b"probe again")
            except ClientError as error:
                code = code_of(error)
                if code in UNCONDITIONAL:
                    client.put_object(Bucket=self._bucket, Key=probe, Body=b"probe")
                    self._without_condition(f"rejects them ({code})")
                elif code not in EXISTS | RACING:
                    raise
            else:
                self._without_condition("ignores the condition")
        try:
            client.delete_object(Bucket=self._bucket, Key=probe)
        except ClientError as error:
            # Not an error: nothing else is ever deleted, so s3:DeleteObject is not required.
            log.warning("cannot delete the probe object", key=probe, code=code_of(error))

    def create(self, key: str, body: bytes | Path) -> bool:
        """Store `body` under `key` unless it exists; see `Store.create`. Raises: StoreError."""
        check_key(key)
        with _explained(f"write {key} to", self._where):
            digest = sha256_of(body)
            conditional = self._conditional
            for attempt in range(TRIES):
                if not conditional and (same := self._compare(key, body, digest)) is not None:
                    return same
                try:
                    self._put(self._client, self._prefix + key, body, digest, conditional)
                except ClientError as error:
                    code = code_of(error)
                    if code in EXISTS:
                        # Also the response to a retry by boto3 after a lost first response.
                        if (same := self._compare(key, body, digest)) is not None:
                            return same
                    elif code in RACING:
                        time.sleep(random.uniform(0.05, 0.2) * 2**attempt)  # noqa: S311 - jitter
                    elif code in UNCONDITIONAL and conditional:
                        conditional = False
                    else:
                        raise
                else:
                    if not conditional:
                        self._without_condition("rejects them")
                    return True
        raise StoreError(
            f"cannot write {key} to {self._where}: other writers keep writing the same key"
        )

    def replace(self, key: str, body: bytes, media_type: str) -> None:
        """Store `body` under `key`; see `Store.replace`. Raises: StoreError.

        A browser asks the server each time whether its copy is still the newest.
        """
        check_key(key)
        with _explained(f"write {key} to", self._where):
            self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=body,
                ContentType=media_type, CacheControl="no-cache",
                Metadata={SHA256: sha256_of(body)},
            )  # fmt: skip

    def read(self, key: str, most: int | None = None) -> bytes | None:
        """The body of `key`, or None; see `Store.read`. Raises: StoreError, TooLargeToRead."""
        check_key(key)
        with _explained(f"read {key} from", self._where):
            try:
                return self._get(key, most)
            except NoSuchKey:
                return None
            except ClientError as error:
                if code_of(error) in ABSENT_KEY:
                    return None
                raise

    @contextlib.contextmanager
    def as_file(self, key: str, folder: Path, most: int) -> Iterator[Path | None]:
        """A copy of the body of `key` in `folder`, or None; see `Store.as_file`.

        Raises: StoreError, TooLargeToRead, NodeError.
        """
        check_key(key)
        copy = folder / copy_name()
        what = f"read {self.uri}/{key}"
        try:
            found: Path | None = copy
            with _explained(f"read {key} from", self._where):
                try:
                    for attempt in retries.attempts(what, BROKEN, attempts=4, wait_initial=0.2):
                        with attempt:
                            self._copy(key, copy, most)
                except ClientError as error:
                    if code_of(error) not in ABSENT_KEY:
                        raise
                    found = None
            yield found
        finally:
            copy.unlink(missing_ok=True)

    def stat(self, key: str) -> Stat | None:
        """Size and stored sha256 of `key`, or None, with one request. Raises: StoreError."""
        check_key(key)
        with _explained(f"read {key} from", self._where):
            try:
                head = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
            except ClientError as error:
                if code_of(error) in ABSENT_KEY:
                    return None
                raise
            return Stat(head["ContentLength"], head.get("Metadata", {}).get(SHA256))

    def list(self, prefix: str = "", *, after: str = "", before: str = "") -> Iterator[Entry]:
        """Every entry whose key starts with `prefix`; see `Store.list`. Raises: StoreError."""
        more: dict[str, Any] = {"StartAfter": self._prefix + after} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket,
            Prefix=self._prefix + prefix,
            PaginationConfig={"PageSize": PAGE},
            **more,
        )
        with _explained(f"list {prefix or 'keys'} in", self._where):
            for page in pages:
                for found in page.get("Contents", ()):
                    key = found["Key"].removeprefix(self._prefix)
                    if before and key >= before:
                        return
                    if key <= after:  # from a server that does not know StartAfter
                        continue
                    # Some tools create keys that end with a slash to represent folders.
                    if not is_hidden(key) and not key.endswith("/"):
                        yield Entry(key, found["Size"])

    def _put(
        self,
        client: S3Client,
        key: str,
        body: bytes | Path,
        digest: str | None = None,
        conditional: bool = True,
    ) -> None:
        extra: dict[str, Any] = {"IfNoneMatch": "*"} if conditional else {}
        if digest is not None:
            extra["Metadata"] = {SHA256: digest}
        what = f"write s3://{self._bucket}/{key}"
        for attempt in retries.attempts(what, _was_corrupted, attempts=4, wait_initial=0.2):
            with attempt:
                self._send(client, key, body, extra)

    def _send(self, client: S3Client, key: str, body: bytes | Path, extra: dict[str, Any]) -> None:
        if isinstance(body, bytes):
            client.put_object(Bucket=self._bucket, Key=key, Body=body, **extra)
            return
        with body.open("rb") as file:  # seekable, so that botocore can retry from the start
            client.put_object(Bucket=self._bucket, Key=key, Body=file, **extra)

    def _get(self, key: str, most: int | None) -> bytes:
        if most is None and (found := self._quick.get(self._prefix + key)) is not None:
            body, headers = found
            if headers.get(SHA256_HEADER) in (None, sha256_of(body)):
                return body
        what = f"read {self.uri}/{key}"
        for attempt in retries.attempts(what, BROKEN, attempts=4, wait_initial=0.2, wait_max=2.0):
            with attempt:
                return self._get_once(key, most)
        raise AssertionError("attempts end with a result or an exception")  # pragma: no cover

    def _get_once(self, key: str, most: int | None) -> bytes:
        answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        if most is not None and answer["ContentLength"] > most:
            answer["Body"].close()
            raise TooLargeToRead(key, answer["ContentLength"])
        body = answer["Body"].read()
        # Not every server stores a checksum, but everything that workers write has its sha256.
        wanted = answer.get("Metadata", {}).get(SHA256)
        if wanted is not None and sha256_of(body) != wanted:
            raise CorruptTransfer(
                f"{self._where}: {key} is corrupt: its sha256 is not the one stored with it"
            )
        return body

    def _copy(self, key: str, copy: Path, most: int) -> None:
        answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        size = answer["ContentLength"]
        try:
            with contextlib.closing(answer["Body"]) as body, copy.open("wb") as file:
                if size > most:
                    raise TooLargeToRead(key, size)
                while chunk := body.read(CHUNK):
                    file.write(chunk)
        except OSError as error:
            if error.errno in scratch.FULL:
                raise scratch.full(error) from error
            raise
        wanted = answer.get("Metadata", {}).get(SHA256)
        if wanted is not None and sha256_of(copy) != wanted:
            raise CorruptTransfer(
                f"{self._where}: {key} is corrupt: its sha256 is not the one stored with it"
            )

    def _compare(self, key: str, body: bytes | Path, digest: str) -> bool | None:
        """Whether `key` has exactly the bytes of `body`; None if `key` does not exist."""
        stat = self.stat(key)
        if stat is None:
            return None
        if stat.sha256 is not None:
            return stat.sha256 == digest
        size = len(body) if isinstance(body, bytes) else body.stat().st_size
        if stat.size != size:
            return False
        stored = self.read(key)
        return None if stored is None else sha256_of(stored) == digest

    def _without_condition(self, why: str) -> None:
        if self._conditional:
            self._conditional = False
            log.warning(
                "the store has no conditional writes; checking for the key before each", server=why
            )


def copy_name() -> str:
    """A new name for the copy of a body on this machine."""
    return f"{uuid4().hex}.s3"


@contextlib.contextmanager
def _explained(doing: str, where: str) -> Iterator[None]:
    """Turn whatever boto3 and this machine raise into one clear line. Raises: StoreError."""

    def ours(failure: S3Failure) -> StoreError:
        kind = StoreFull if failure.kind is FailureKind.FULL else StoreError
        return kind(f"cannot {doing} {where}: {failure.reason}")

    try:
        with translated(ours):
            yield
    except OSError as error:
        raise StoreError(f"cannot {doing} {where}: {error}") from error


def _was_corrupted(error: Exception) -> bool:
    """Whether a write failed because its bytes were corrupted in transfer; a retry may help."""
    return isinstance(error, ClientError) and code_of(error) in CORRUPT
