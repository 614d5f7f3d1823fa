"""Reads many small S3 objects with little processor time.

boto3 takes about a millisecond of Python for a GET, and botocore's HTTP session most of that. This
takes botocore's signature and the standard library's connections, and leaves all else to boto3:
whatever does not succeed at once is to be asked again there, which retries and explains errors.
"""

from __future__ import annotations

import http.client
import ssl
from collections import deque
from email.message import Message
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

import structlog

from worker.core.s3 import S3Options, client

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.auth import S3SigV4Auth

log = structlog.get_logger(__name__)

OK: Final = 200
NOT_FOUND: Final = 404
NO_SUCH_KEY: Final = b"<Code>NoSuchKey</Code>"
"""In the answer; a bucket that does not exist is an error, which boto3 explains."""
CLIENT_ERRORS: Final = range(400, 500)
TIMEOUT_S: Final = 60


class NoSuchKey(Exception):
    """The server says that the bucket has no such key."""


class QuickGet:
    """GET requests to one bucket. Thread-safe."""

    def __init__(self, options: S3Options, bucket: str) -> None:
        self._options = options
        self._bucket = bucket
        self._base = ""
        self._auth: S3SigV4Auth | None = None
        self._connect: Callable[[], http.client.HTTPConnection] | None = None
        self._idle: deque[http.client.HTTPConnection] = deque(maxlen=options.max_pool_connections)
        self._off = False

    def get(self, key: str) -> tuple[bytes, Message] | None:
        """Body and headers of a key of the bucket; None if it did not succeed for another reason.

        Raises: NoSuchKey.
        """
        from botocore.awsrequest import AWSRequest

        if self._off:
            return None
        try:
            if self._connect is None and not self._open():
                return None
            assert self._auth is not None  # noqa: S101 - `_open` has set both
            assert self._connect is not None  # noqa: S101
            url = self._base + quote(key, safe="/~")
            request = AWSRequest("GET", url)
            self._auth.add_auth(request)
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._connect()
            connection.request("GET", urlsplit(url).path, headers=dict(request.headers.items()))
            answer = connection.getresponse()
            body = answer.read()
            if not answer.will_close:
                self._idle.append(connection)
            if answer.status == OK:
                return body, answer.headers
            missing = answer.status == NOT_FOUND and NO_SUCH_KEY in body
            # A server that refuses such requests is not asked in this way again.
            self._off = answer.status in CLIENT_ERRORS and answer.status != NOT_FOUND
        except Exception as error:  # noqa: BLE001 - boto3 is asked next, and explains it
            log.debug("quick read failed", key=key, why=str(error))
            return None
        if missing:
            raise NoSuchKey(key)
        return None

    def _open(self) -> bool:
        """Find out where the bucket is and how requests are signed, as boto3 would.

        False, from then on, behind a proxy, which is left to boto3.
        """
        from botocore.auth import S3SigV4Auth
        from botocore.session import get_session
        from botocore.utils import get_environ_proxies

        signed = client(self._options).generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": "k"}
        )
        place = urlsplit(signed)
        region = parse_qs(place.query)["X-Amz-Credential"][0].split("/")[-3]
        session = get_session()
        self._base = signed.partition("?")[0].removesuffix("k")
        if get_environ_proxies(self._base):
            self._off = True
            return False
        credentials = session.get_credentials()
        assert credentials is not None  # noqa: S101 - the URL was signed with them
        self._auth = S3SigV4Auth(credentials, "s3", region)
        self._connect = _connector(place, session.get_config_variable("ca_bundle"))
        return True


def _connector(place: SplitResult, bundle: str | None) -> Callable[[], http.client.HTTPConnection]:
    """Makes connections to a server. bundle: file of the authorities to trust, as boto3 has it."""
    from botocore.httpsession import get_cert_path

    host = place.hostname or ""
    if place.scheme == "http":
        return partial(http.client.HTTPConnection, host, place.port, timeout=TIMEOUT_S)
    context = ssl.create_default_context(cafile=bundle or get_cert_path(verify=True))
    return partial(
        http.client.HTTPSConnection, host, place.port, timeout=TIMEOUT_S, context=context
    )
