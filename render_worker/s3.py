"""Files in an S3 bucket, read with boto3."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, BinaryIO, Final, NamedTuple, TypeVar

from render_worker.errors import PlaceError, need
from render_worker.files import Entry, File

SCHEME: Final = "s3://"
WHOLE: Final = 16 << 20
"""A file of up to this many bytes is fetched with one request; a larger one by range."""
TRIES: Final = 4
ABSENT: Final = frozenset({"NoSuchKey", "NoSuchBucket", "404", "NotFound"})
T = TypeVar("T")


class S3Options(NamedTuple):
    """How to reach the service; None means boto3's own configuration."""

    endpoint_url: str | None = None
    region: str | None = None
    addressing_style: str = "auto"


class Bucket:
    """The files below ``s3://bucket/prefix``.

    Credentials, region and endpoint come from the usual places (environment, profile, role), unless
    `options` name them.

    Raises: PlaceError; MissingLibrary, without boto3.
    """

    at_once = 16

    def __init__(self, uri: str, options: S3Options) -> None:
        self.bucket, _, prefix = uri[len(SCHEME) :].partition("/")
        if not self.bucket:
            raise PlaceError(f"{uri!r} is not s3://bucket/prefix")
        prefix = prefix.strip("/")
        self.place = f"{SCHEME}{self.bucket}/{prefix}".rstrip("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._options = options
        self._made: tuple[int, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the client, which another process makes anew."""
        return {**vars(self), "_made": None}

    @property
    def client(self) -> Any:
        """A client of this process: connections must not be shared with a forked one."""
        if self._made is None or self._made[0] != os.getpid():
            self._made = (os.getpid(), _client(self._options))
        return self._made[1]

    def list(self, prefix: str, *, deep: bool = True) -> Iterator[Entry]:
        """All files whose key starts with `prefix`, in key order; not `deep`: up to the next "/".

        Raises: PlaceError.
        """
        within = {} if deep else {"Delimiter": "/"}
        more: dict[str, str] | None = within
        while more is not None:
            page = self._ask("list", partial(self._page, prefix, more))
            if page is None:
                raise PlaceError(f"the bucket {self.bucket} does not exist")
            for found in page.get("Contents", ()):
                key = found["Key"][len(self._prefix) :]
                if not key.endswith("/"):
                    yield Entry(key, found["Size"])
            token = page.get("NextContinuationToken")
            more = {**within, "ContinuationToken": token} if token else None

    def read(self, key: str, limit: int) -> bytes | None:
        """A whole file, or None if there is none. Raises: PlaceError, also above `limit` bytes."""
        found = self._ask(key, lambda: self._start(key, limit))
        if found is None:
            return None
        if found[1] is None:
            raise PlaceError(f"{self.place}/{key} has more than {limit >> 20} MB")
        return found[1]

    def file(self, key: str) -> File:
        """A file to read by range, whether it exists or not."""
        return S3File(self, key)

    def stream(self, key: str) -> BinaryIO:
        """A file to read once from its start. Raises: PlaceError."""
        answer = self._ask(key, lambda: self._get(key))
        if answer is None:
            raise PlaceError(f"{self.place}/{key} does not exist")
        body: BinaryIO = answer["Body"]
        return body

    def start(self, key: str, whole: int) -> tuple[int, bytes | None]:
        """A file's size, and its bytes if they are at most `whole`, with one request.

        Raises: PlaceError, also if there is none.
        """
        found = self._ask(key, lambda: self._start(key, whole))
        if found is None:
            raise PlaceError(f"{self.place}/{key} does not exist")
        return found

    def range(self, key: str, offset: int, length: int) -> bytes:
        """Bytes of a file. Raises: PlaceError, also if there is none."""
        within = f"bytes={offset}-{offset + length - 1}"
        found = self._ask(key, lambda: bytes(self._get(key, Range=within)["Body"].read()))
        if found is None:
            raise PlaceError(f"{self.place}/{key} does not exist")
        return found

    def _start(self, key: str, whole: int) -> tuple[int, bytes | None]:
        answer = self._get(key)
        size = int(answer["ContentLength"])
        if size > whole:
            answer["Body"].close()
            return size, None
        return size, bytes(answer["Body"].read())

    def _page(self, prefix: str, more: dict[str, str]) -> Any:
        return self.client.list_objects_v2(Bucket=self.bucket, Prefix=self._prefix + prefix, **more)

    def _get(self, key: str, **more: str) -> Any:
        return self.client.get_object(Bucket=self.bucket, Key=self._prefix + key, **more)

    def _ask(self, what: str, ask: Callable[[], T]) -> T | None:
        """The answer, or None if the key does not exist.

        boto3 retries requests by itself, but not the reading of a body.

        Raises: PlaceError.
        """
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        tries = 0
        while True:
            tries += 1
            try:
                return ask()
            except ClientError as error:
                if str(error.response.get("Error", {}).get("Code")) in ABSENT:
                    return None
                raise PlaceError(f"cannot read {self.place} ({what}): {error}") from error
            except (BotoCoreError, HTTPClientError, OSError) as error:
                if tries == TRIES:
                    raise PlaceError(f"cannot read {self.place} ({what}): {error}") from error


class S3File:
    """A file in a bucket; a small one is fetched whole when it is first read, and kept."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        self.name = f"{bucket.place}/{key}"
        self._bucket = bucket
        self._key = key
        self._size: int | None = None
        self._data: bytes | None = None

    def size(self) -> int:
        """Its size in bytes. Raises: PlaceError."""
        if self._size is None:
            self._size, self._data = self._bucket.start(self._key, WHOLE)
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from `offset`, fewer than `length` only at the end. Raises: PlaceError."""
        length = min(length, self.size() - offset)
        if self._data is not None:
            return self._data[offset : offset + length]
        return self._bucket.range(self._key, offset, length) if length > 0 else b""


def _client(options: S3Options) -> Any:
    boto3 = need("boto3", "reading s3://", "render-worker[s3]")
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    styles: Any = {"addressing_style": options.addressing_style}  # boto3 checks the value
    config = Config(
        s3=styles,
        retries={"mode": "standard", "max_attempts": 5},
        max_pool_connections=2 * Bucket.at_once,
        response_checksum_validation="when_required",
    )
    try:
        return boto3.session.Session().client(
            "s3", endpoint_url=options.endpoint_url, region_name=options.region, config=config
        )
    except (ValueError, BotoCoreError) as error:
        raise PlaceError(f"S3 client: {error}") from error
