"""Objects in an S3 bucket."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from worker.core import s3
from worker.core.deadline import Deadline
from worker.core.errors import Download, Missing, Refused, TooLarge
from worker.core.s3_errors import FailureKind, S3Failure, translated
from worker.core.transfer import CHUNK, TransientError, check_size, retried, save
from worker.index.list_rules import ListRules
from worker.index.record import ObjectRef
from worker.sources import side_files
from worker.sources.archive import is_archive, split, unpack_model
from worker.sources.base import FetchedObject, FetchLimits
from worker.sources.names import check_format, safe_member, url_name

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

MAX_FILES = 5_000
"""Maximum number of files below an object's root prefix."""


class Denied(Download):
    """Access denied; also the answer for a missing key if the bucket may not be listed."""


ERRORS: Final[Mapping[FailureKind, type[Exception]]] = {
    FailureKind.DENIED: Denied,
    FailureKind.FULL: TransientError,
    FailureKind.TRANSIENT: TransientError,
}


class S3Source:
    """``s3://bucket/key``, with the side files that the model names.

    With a root ``s3://bucket/prefix/``, all keys below it are fetched.
    """

    name = "s3"

    def __init__(
        self, limits: FetchLimits, stop: threading.Event, options: s3.S3Options, rules: ListRules
    ) -> None:
        self._limits = limits
        self._stop = stop
        self._options = options
        self._rules = rules

    def claims(self, ref: ObjectRef) -> bool:
        """By the scheme."""
        return ref.location.startswith(s3.SCHEME)

    def fetch(self, ref: ObjectRef, into: Path) -> FetchedObject:
        """Download the key and its side files, or all keys below the root, into `into`.

        Raises: Missing, Refused, Download, TooLarge, Unsupported, ImportFailed.
        """
        uri, member = split(ref.location)
        bucket, key = _parse(uri)
        self._rules.check_bucket(bucket)
        deadline = Deadline(self._limits.timeout_s, self._stop)
        client = s3.client(self._options)
        if member is None and ref.root is not None and ref.root.startswith(s3.SCHEME):
            root = ref.root.rstrip("/") + "/"
            if uri.startswith(root):
                return self._folder(client, ref, bucket, key, _parse(root)[1], into, deadline)
        name = url_name(f"{s3.SCHEME}/{quote(key)}")  # a key is not a URL
        target = into / name
        size = self._download(client, bucket, key, target, self._limits.max_bytes, deadline)
        if member is not None or is_archive(target, name):
            unpacked = unpack_model(ref, target, name, member, into, self._limits, deadline)
            target.unlink()
            return unpacked
        model = target.rename(into / check_format(ref, name)).name
        room = self._limits.max_bytes - size

        def beside(name: str, path: Path) -> bool:
            nonlocal room
            at = key.rpartition("/")[0]
            try:
                room -= self._download(
                    client, bucket, f"{at}/{name}" if at else name, path, room, deadline
                )
            except (Missing, Denied):
                return False
            return True

        side_files.bring(into, model, beside)
        return FetchedObject(ref=ref, root=into, model=model, sha256="", size=size)

    def _folder(
        self, client: S3Client, ref: ObjectRef, bucket: str, key: str, prefix: str,
        into: Path, deadline: Deadline,
    ) -> FetchedObject:  # fmt: skip
        model = safe_member(key.removeprefix(prefix))
        check_format(ref, model)
        total = 0
        for count, (found, size) in enumerate(self._list(client, bucket, prefix, deadline)):
            if count == MAX_FILES:
                raise TooLarge(f"s3://{bucket}/{prefix}: more than {MAX_FILES:,} files")
            check_size(total + size, self._limits.max_bytes)
            target = into / safe_member(found.removeprefix(prefix))
            target.parent.mkdir(parents=True, exist_ok=True)
            room = self._limits.max_bytes - total
            total += self._download(client, bucket, found, target, room, deadline)
        if not (into / model).is_file():
            raise Missing(f"s3://{bucket}/{key}: no such key")
        size = (into / model).stat().st_size
        return FetchedObject(ref=ref, root=into, model=model, sha256="", size=size)

    def _list(
        self, client: S3Client, bucket: str, prefix: str, deadline: Deadline
    ) -> Iterator[tuple[str, int]]:
        # Not a paginator: after an error it ends, and a partial listing would pass for the whole.
        what = f"s3://{bucket}/{prefix}"
        after: dict[str, Any] = {}
        while True:
            page = partial(client.list_objects_v2, Bucket=bucket, Prefix=prefix, **after)
            answer = self._asked(partial(_answer, page, what), what, deadline)
            for entry in answer.get("Contents", ()):
                if not entry["Key"].endswith("/"):
                    yield entry["Key"], entry["Size"]
            if not answer.get("IsTruncated"):
                return
            if "NextContinuationToken" not in answer:
                raise Download(f"{what}: truncated listing without a continuation token")
            after = {"ContinuationToken": answer["NextContinuationToken"]}

    def _download(
        self, client: S3Client, bucket: str, key: str, target: Path, room: int, deadline: Deadline
    ) -> int:
        what = f"s3://{bucket}/{key}"

        def once() -> int:
            answer = _answer(partial(client.get_object, Bucket=bucket, Key=key), what)
            with contextlib.closing(answer["Body"]) as body:
                check_size(answer.get("ContentLength", 0), room)  # absent if chunked
                read = partial(_answer, partial(body.read, CHUNK), what)
                return save(iter(read, b""), target, room, deadline)

        return self._asked(once, what, deadline)

    def _asked(self, work: Callable[[], T], what: str, deadline: Deadline) -> T:
        """The result of `work`, with retries. Raises: Missing, Download, naming `what`."""

        def once() -> T:
            with translated(lambda failure: _ours(what, failure)):
                return work()

        return retried(f"read {what}", once, self._limits.attempts, deadline)


def _answer(ask: Callable[[], T], what: str) -> T:
    """The response to the request `ask`.

    Raises: TransientError if botocore cannot parse the response; whatever else `ask` raises.
    """
    try:
        return ask()
    except (ValueError, ArithmeticError, LookupError, RuntimeError) as error:
        raise TransientError(f"{what}: malformed S3 response: {error}") from error


def _ours(what: str, failure: S3Failure) -> Exception:
    if failure.kind is FailureKind.ABSENT:
        return Missing(f"{what}: no such key or bucket ({failure.code})")
    status = f"HTTP {failure.status}: " if failure.status else ""
    return ERRORS.get(failure.kind, Download)(f"{what}: {status}{failure.reason}")


def _parse(uri: str) -> tuple[str, str]:
    """Bucket and key; a key is not a URL, so percent signs are kept.

    Raises: Missing if bucket or key is empty; Refused for a key that leads out of its bucket if a
    server or a proxy takes it for a path.
    """
    bucket, _, key = uri.removeprefix(s3.SCHEME).partition("/")
    if not bucket or not key:
        raise Missing(f"{uri}: no key; expected s3://bucket/key")
    if not {".", ".."}.isdisjoint(key.split("/")):
        raise Refused(f"{uri}: a key with '.' or '..' may lead out of its bucket")
    return bucket, key
