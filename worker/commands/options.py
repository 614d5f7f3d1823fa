"""Options that several commands share; each is also an environment variable."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from worker.s3 import S3Options

ENVIRONMENT = "RENDER_WORKER_"


def option(flag: str, text: str, **more: Any) -> Any:
    """An option that is also the environment variable RENDER_WORKER_<FLAG>."""
    name = flag.lstrip("-").split("/", 1)[0].replace("-", "_").upper()
    return typer.Option(flag, help=text, envvar=ENVIRONMENT + name, show_envvar=False, **more)


Output = Annotated[str, option("--output", "Folder or s3://bucket/prefix.", metavar="URI")]
S3Endpoint = Annotated[str | None, option("--s3-endpoint", "URL of an S3-compatible server.")]
S3Region = Annotated[str | None, option("--s3-region", "Region; default as boto3 finds it.")]
S3Addressing = Annotated[
    Literal["auto", "path", "virtual"], option("--s3-addressing", "How buckets are addressed.")
]
S3Checksums = Annotated[
    Literal["when_supported", "when_required"],
    option("--s3-checksums", "boto3's checksum mode; older servers want when_required."),
]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], option("--log-level", "Least level logged.")
]


def s3_options(
    endpoint: str | None, region: str | None, addressing: Any, checksums: Any
) -> S3Options:
    """The S3 options as one value."""
    return S3Options(
        endpoint_url=endpoint,
        region=region,
        addressing_style=addressing,
        checksum_mode=checksums,
    )
