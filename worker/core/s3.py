"""The one place that makes an S3 client; sources and stores share it.

Credentials come the way boto3 finds them (environment, profile, instance role).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec

from worker.core.errors import UsageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEME = "s3://"


class S3Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach an S3 service; None leaves a choice to boto3's own configuration.

    checksum_mode "when_required" drops the checksum trailer that older servers refuse.
    """

    endpoint_url: str | None = None
    region: str | None = None
    addressing_style: Literal["auto", "path", "virtual"] = "auto"
    checksum_mode: Literal["when_supported", "when_required"] = "when_supported"
    max_pool_connections: int = 32


@lru_cache(maxsize=8)
def client(options: S3Options, *, hasty: bool = False) -> S3Client:
    """A client for `options`, thread-safe and shared by equal options.

    A `hasty` one gives up within seconds: for asking whether a service is there at all.

    Raises: UsageError for options that boto3 refuses (a malformed endpoint, say).
    """
    # Imported here: boto3 takes a tenth of a second that a run without S3 need not pay.
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
    # A session of its own: boto3's default session is not safe to use from several threads.
    session = boto3.session.Session()
    try:
        made: S3Client = session.client(
            "s3", endpoint_url=options.endpoint_url, region_name=options.region, config=config
        )
    except (ValueError, BotoCoreError) as error:
        raise UsageError(f"S3 client: {error}") from error
    return made


def parse(uri: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``; the key may be empty and keeps its characters.

    Raises: UsageError if `uri` is not an S3 URI with a bucket.
    """
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not bucket:
        raise UsageError(f"not an S3 URI: {uri!r} (expected s3://bucket/key)")
    return bucket, key
