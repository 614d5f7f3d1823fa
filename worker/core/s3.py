"""The S3 client that sources and stores share.

boto3 looks for credentials in its usual places (environment, profile, instance role).
"""

from __future__ import annotations

import contextlib
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from worker.core.errors import UsageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEME = "s3://"


class S3Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach an S3 service; None means boto3's own configuration.

    checksum_mode "when_required" omits the checksum trailer that older servers reject.
    """

    endpoint_url: str | None = None
    region: str | None = None
    addressing_style: Literal["auto", "path", "virtual"] = "auto"
    checksum_mode: Literal["when_supported", "when_required"] = "when_supported"
    max_pool_connections: int = 32


@lru_cache(maxsize=8)
def client(options: S3Options, *, hasty: bool = False) -> S3Client:
    """A thread-safe client for `options`, cached by their value.

    A `hasty` client gives up within seconds; it is for checking whether a service responds.

    Raises: UsageError, if boto3 rejects the options, such as a malformed endpoint.
    """
    # Imported here, because boto3 takes 0.1 s to import and a run without S3 does not need it.
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": options.addressing_style},
        request_checksum_calculation=options.checksum_mode,
        response_checksum_validation=options.checksum_mode,
        retries={"mode": "standard", "max_attempts": 2 if hasty else 5},
        connect_timeout=4 if hasty else 10,
        read_timeout=15 if hasty else 60,
        max_pool_connections=options.max_pool_connections,
    )
    # A new session, because boto3's default session is not thread-safe.
    session = boto3.session.Session()
    # A listing has a time for each key; most of what it costs is botocore's way to read them.
    parsers = session._session.get_component("response_parser_factory")  # noqa: SLF001
    parsers.set_parser_defaults(timestamp_parser=timestamp)
    try:
        made: S3Client = session.client(
            "s3", endpoint_url=options.endpoint_url, region_name=options.region, config=config
        )
    except (ValueError, BotoCoreError) as error:
        raise UsageError(f"S3 client: {error}") from error
    return made


def timestamp(value: Any) -> datetime:
    """As botocore reads a time; one of a listing, ISO 8601, in a hundredth of its time."""
    from botocore.utils import parse_timestamp

    with contextlib.suppress(TypeError, ValueError):
        if "T" in value:  # digits alone are seconds since 1970
            return datetime.fromisoformat(value)
    return parse_timestamp(value)


def parse(uri: str) -> tuple[str, str]:
    """Split ``s3://bucket/key`` into bucket and key; the key may be empty and is not decoded.

    Raises: UsageError, if `uri` is not an S3 URI with a bucket.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not bucket:
        raise UsageError(f"not an S3 URI: {uri!r} (expected s3://bucket/key)")
    return bucket, key
