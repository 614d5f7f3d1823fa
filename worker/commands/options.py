"""Options that several commands share; each is also an environment variable."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from worker.core.s3 import S3Options
from worker.presets.overrides import split
from worker.run import termination_summary

ENVIRONMENT = "RENDER_WORKER_"
MOST = 1_000_000_000
"""Of any number that has a least: objects, MB, or seconds, which are 31 years."""
MOST_THREADS = 1024
"""Of what has a thread or a process each; Blender takes no more threads either."""


def option(flag: str, text: str, **more: Any) -> Any:
    """An option that is also the environment variable RENDER_WORKER_<FLAG>.

    A number has a `min`, and then a most too: its own `max`, or MOST.
    """
    if "min" in more:
        more = {"max": MOST, **more}
    name = flag.lstrip("-").split("/", 1)[0].replace("-", "_").upper()
    return typer.Option(flag, help=text, envvar=ENVIRONMENT + name, show_envvar=False, **more)


def _from_variable(
    context: typer.Context, parameter: typer.CallbackParam, value: list[str] | None
) -> list[str] | None:
    """The settings; those of the variable parted anew, since typer parts it at every blank."""
    if not is_from_variable(context, parameter.name or ""):
        return value
    return split(os.environ[str(parameter.envvar)])


def is_from_variable(context: typer.Context, name: str) -> bool:
    """Whether the environment gave this parameter, and not the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "ENVIRONMENT"


Output = Annotated[str, option("--output", "Folder or s3://bucket/prefix.", metavar="URI")]
# These two are read by worker.core.ranks, which knows which schedulers' variables they go with.
Rank = Annotated[int | None, typer.Option("--rank", help="Of 0 … world size - 1.")]
WorldSize = Annotated[
    int | None, typer.Option("--world-size", help="Workers in all; default: the scheduler's.")
]
Overrides = Annotated[
    list[str] | None,
    option("--set", "Override a preset key.", metavar="KEY=VALUE", callback=_from_variable),
]
Retry = Annotated[
    list[str] | None,
    option(
        "--retry", "Also try again failures of this code, or 'all'; 'lost': zips that are gone.",
        metavar="CODE",
    ),
]  # fmt: skip
MaxFailureRate = Annotated[
    float, option("--max-failure-rate", "Above it the exit status is 10.", min=0.0, max=1.0)
]
Grace = Annotated[
    float, option("--grace", "Seconds to finish what is in work once told to stop.", min=0.0)
]
MixVersions = Annotated[
    bool, option("--mix-versions", "Go on where another Blender or worker version began.")
]
Summary = Annotated[
    Path | None,
    option(
        "--summary", "File for a JSON summary of at most 4 KB.",
        is_eager=True, callback=termination_summary.want,
    ),
]  # fmt: skip
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"], option("--log-level", "Least level logged.")
]


def _s3_options(
    s3_endpoint: Annotated[
        str | None, option("--s3-endpoint", "URL of an S3-compatible server.")
    ] = None,
    s3_region: Annotated[
        str | None, option("--s3-region", "Region; default as boto3 finds it.")
    ] = None,
    s3_addressing: Annotated[
        Literal["auto", "path", "virtual"], option("--s3-addressing", "How buckets are addressed.")
    ] = "auto",
    s3_checksums: Annotated[
        Literal["when_supported", "when_required"],
        option("--s3-checksums", "boto3's checksum mode; older servers want when_required."),
    ] = "when_supported",
) -> S3Options:
    return S3Options(
        endpoint_url=s3_endpoint,
        region=s3_region,
        addressing_style=s3_addressing,
        checksum_mode=s3_checksums,
    )


def with_s3(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the S3 options, which it gets as one value: its keyword `s3`."""
    own = inspect.signature(command, eval_str=True)
    asked = inspect.signature(_s3_options, eval_str=True).parameters
    options = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in asked.values()]

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        s3 = _s3_options(**{name: given.pop(name) for name in asked})
        command(**given, s3=s3)

    parameters: list[inspect.Parameter] = []
    for each in own.parameters.values():
        parameters += options if each.name == "s3" else [each]
    vars(with_options)["__signature__"] = own.replace(parameters=parameters)
    return with_options
