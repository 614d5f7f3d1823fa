"""Messages for boto3's errors: what is wrong and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from botocore import exceptions as boto
from botocore.exceptions import ClientError

from worker.core.errors import StoreError, StoreFull

_KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile, and the endpoint"
_RIGHTS = "the credentials need the permissions s3:ListBucket, s3:GetObject and s3:PutObject"
_REGION = "set the bucket's region (--s3-region)"
_CHECKSUMS = "this server does not support boto3's checksums: use --s3-checksums when_required"

BY_CODE = {
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
    "PermanentRedirect": f"the bucket is in another region: {_REGION}",
    "301": f"the bucket is in another region: {_REGION}",
    "MissingContentLength": _CHECKSUMS,
    "411": _CHECKSUMS,
    "QuotaExceeded": "the quota is used up: free some space",
    "XMinioStorageFull": "the server's disks are full: free some space",
    "EntityTooLarge": "the object is larger than the server accepts",
}
"""Advice by error code; the code is the HTTP status if the response has no body."""

FULL = frozenset({"QuotaExceeded", "XMinioStorageFull"})

BY_TYPE: tuple[tuple[type[boto.BotoCoreError], str], ...] = (
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
"""Advice by the type of a client-side error; the first match counts."""


def code_of(error: ClientError) -> str:
    """The error code of a response, such as "NoSuchKey" or "404"."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextlib.contextmanager
def explained(doing: str, where: str) -> Iterator[None]:
    """Convert boto3's exceptions and OSError to a StoreError whose message is one line.

    `doing` and `where` complete "cannot …": "write", "s3://bucket/prefix".
    """
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        detail = error.response.get("Error", {}).get("Message") or ""
        why = BY_CODE.get(code) or f"the server said {code or '?'}"
        quoted = f" (the server said {code}{': ' + detail if detail else ''})" if detail else ""
        kind = StoreFull if code in FULL else StoreError
        raise kind(f"cannot {doing} {where}: {why}{quoted}") from error
    except boto.BotoCoreError as error:
        advice = next((text for kind, text in BY_TYPE if isinstance(error, kind)), None)
        detail = " ".join(str(error).split())
        raise StoreError(
            f"cannot {doing} {where}: {f'{advice} ({detail})' if advice else detail}"
        ) from error
    except OSError as error:
        raise StoreError(f"cannot {doing} {where}: {error}") from error
