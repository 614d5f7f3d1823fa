"""Classifies S3 errors, and advises what to do about them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final

import msgspec
from botocore import exceptions as boto
from botocore.exceptions import ClientError
from urllib3.exceptions import HTTPError

_KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile, and the endpoint"
_RIGHTS = (
    "the credentials need the rights s3:ListBucket and s3:GetObject there, and s3:PutObject to "
    "write"
)
_REGION = "set the bucket's region (--s3-region)"
_CHECKSUMS = "this server does not know boto3's checksums: use --s3-checksums when_required"

BY_CODE: Final = {
    "NoSuchBucket": "the bucket does not exist: create it, or correct its name or the endpoint",
    "InvalidBucketName": "correct the bucket's name",
    "InvalidAccessKeyId": f"the server does not know the access key: {_KEYS}",
    "SignatureDoesNotMatch": f"the secret key is wrong: {_KEYS}",
    "InvalidToken": f"the session token is not valid: {_KEYS}",
    "ExpiredToken": "the session token has expired: sign in again",
    "AccessDenied": f"access denied: {_RIGHTS}",
    "403": f"access denied: {_RIGHTS}",
    "RequestTimeTooSkewed": "this machine's clock is wrong: set it",
    "AuthorizationHeaderMalformed": f"wrong region: {_REGION}",
    "PermanentRedirect": f"the bucket is elsewhere: {_REGION}",
    "301": f"the bucket is elsewhere: {_REGION}",
    "MissingContentLength": _CHECKSUMS,
    "411": _CHECKSUMS,
    "QuotaExceeded": "the quota is used up: free some space",
    "XMinioStorageFull": "the server's disks are full: free some space",
    "EntityTooLarge": "the object is larger than the server takes",
}
"""Advice by the error code of a response, or by its HTTP status if it has no body."""

ABSENT_KEY: Final = frozenset({"NoSuchKey", "404", "NotFound"})
ABSENT: Final = ABSENT_KEY | {"NoSuchBucket", "NoSuchVersion"}
FULL: Final = frozenset({"QuotaExceeded", "XMinioStorageFull"})
FORBIDDEN: Final = 403
TOO_MANY_REQUESTS: Final = 429
SERVER_ERROR: Final = 500

BY_TYPE: Final[tuple[tuple[type[Exception], str], ...]] = (
    (boto.NoCredentialsError, f"no credentials found: {_KEYS}"),
    (boto.PartialCredentialsError, f"incomplete credentials: {_KEYS}"),
    (boto.ProfileNotFound, "correct AWS_PROFILE"),
    (boto.CredentialRetrievalError, _KEYS),
    (boto.NoRegionError, _REGION),
    (boto.SSLError, "TLS failed: set AWS_CA_BUNDLE to the server's certificate authority"),
    (boto.ProxyConnectionError, "the proxy cannot be reached: correct HTTPS_PROXY"),
    (boto.ConnectTimeoutError, "no response: check the endpoint and the network"),
    (boto.ReadTimeoutError, "no response in time: the server may be overloaded"),
    (boto.EndpointConnectionError, "cannot be reached: check the endpoint and the network"),
    (boto.ConnectionClosedError, "the server closed the connection"),
    (boto.ParamValidationError, "correct the URI"),
)
"""Advice by the type of a client-side exception; the first match counts."""

PERMANENT: Final = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ParamValidationError,
)
"""Client-side exceptions that a retry cannot help."""

S3_ERRORS: Final = (ClientError, boto.BotoCoreError, HTTPError, ConnectionError)
"""What boto3 and the libraries below it raise: an error response, or the lack of any response.
An OSError that is not a ConnectionError is local, such as a full disk."""


class FailureKind(Enum):
    """The kind of an S3 failure."""

    ABSENT = auto()
    """No such key, version or bucket."""
    DENIED = auto()
    """Access denied; also the response for an absent key in a bucket that may not be listed."""
    FULL = auto()
    """The server has no space left."""
    TRANSIENT = auto()
    """A retry may help."""
    PERMANENT = auto()
    """Anything else."""


class S3Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One failure: its kind, and one line for users that says why and what to do."""

    kind: FailureKind
    reason: str
    code: str = ""
    """The error code of the response, such as "NoSuchKey" or "404"; "" without a response."""
    status: int = 0
    """The HTTP status of the response; 0 without a response."""


def code_of(error: ClientError) -> str:
    """The error code of a response, such as "NoSuchKey" or "404"."""
    return str(error.response.get("Error", {}).get("Code", ""))


def failure_of(error: Exception) -> S3Failure:
    """Classify an exception of S3_ERRORS."""
    if isinstance(error, ClientError):
        return _answered(error)
    advice = next((text for type_, text in BY_TYPE if isinstance(error, type_)), None)
    detail = " ".join(str(error).split())
    return S3Failure(
        kind=FailureKind.PERMANENT if isinstance(error, PERMANENT) else FailureKind.TRANSIENT,
        reason=f"{advice} ({detail})" if advice else detail,
    )


def _answered(error: ClientError) -> S3Failure:
    code = code_of(error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    detail = error.response.get("Error", {}).get("Message") or ""
    why = BY_CODE.get(code) or f"the server said {code or '?'}"
    said = f" (the server said {code}{': ' + detail if detail else ''})" if detail else ""
    return S3Failure(kind=_kind(code, status), reason=why + said, code=code, status=status)


def _kind(code: str, status: int) -> FailureKind:
    for kind, found in (
        (FailureKind.ABSENT, code in ABSENT),
        (FailureKind.FULL, code in FULL),
        (FailureKind.DENIED, status == FORBIDDEN),
        (FailureKind.TRANSIENT, status >= SERVER_ERROR or status == TOO_MANY_REQUESTS),
    ):
        if found:
            return kind
    return FailureKind.PERMANENT


@contextlib.contextmanager
def translated(ours: Callable[[S3Failure], Exception]) -> Iterator[None]:
    """Raise `ours` of the failure in place of any S3_ERRORS of the context."""
    try:
        yield
    except S3_ERRORS as error:
        raise ours(failure_of(error)) from error
