"""Reads many small S3 objects with little processor time.

boto3 takes about a millisecond of Python for a GET. This uses the parts of botocore that a request
needs, its signature and its HTTP session, and leaves all else to boto3: whatever does not succeed
at once is to be asked again there, which retries and explains errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, quote, urlsplit

import structlog

from worker.core.s3 import S3Options, client

if TYPE_CHECKING:
    from botocore.auth import S3SigV4Auth
    from botocore.httpsession import URLLib3Session

log = structlog.get_logger(__name__)

OK: Final = 200
NOT_FOUND: Final = 404
CLIENT_ERRORS: Final = range(400, 500)


class QuickGet:
    """GET requests to one bucket. Thread-safe."""

    def __init__(self, options: S3Options, bucket: str) -> None:
        self._options = options
        self._bucket = bucket
        self._base = ""
        self._auth: S3SigV4Auth | None = None
        self._session: URLLib3Session | None = None
        self._off = False

    def get(self, key: str) -> tuple[bytes, Mapping[str, str]] | None:
        """Body and headers of a key of the bucket; None if it did not succeed for any reason."""
        from botocore.awsrequest import AWSRequest

        if self._off:
            return None
        try:
            if self._session is None:
                self._open()
            assert self._auth is not None  # noqa: S101 - `_open` has set both
            assert self._session is not None  # noqa: S101
            request = AWSRequest("GET", self._base + quote(key, safe="/~"))
            self._auth.add_auth(request)
            answer = self._session.send(request.prepare())
            if answer.status_code == OK:
                return answer.content, answer.headers
            # A server that refuses such requests is not asked in this way again.
            self._off = answer.status_code in CLIENT_ERRORS and answer.status_code != NOT_FOUND
        except Exception as error:  # noqa: BLE001 - boto3 is asked next, and explains it
            log.debug("quick read failed", key=key, why=str(error))
        return None

    def _open(self) -> None:
        """Find out where the bucket is and how requests are signed, as boto3 would."""
        from botocore.auth import S3SigV4Auth
        from botocore.httpsession import URLLib3Session
        from botocore.session import get_session
        from botocore.utils import get_environ_proxies

        signed = client(self._options).generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": "k"}
        )
        place = urlsplit(signed)
        region = parse_qs(place.query)["X-Amz-Credential"][0].split("/")[-3]
        session = get_session()
        self._base = signed.partition("?")[0].removesuffix("k")
        credentials = session.get_credentials()
        assert credentials is not None  # noqa: S101 - the URL was signed with them
        self._auth = S3SigV4Auth(credentials, "s3", region)
        verify = session.get_config_variable("ca_bundle")
        self._session = URLLib3Session(
            verify=True if verify is None else verify,
            proxies=get_environ_proxies(self._base),
            timeout=60,
            max_pool_connections=self._options.max_pool_connections,
        )
