"""Options that several commands share; each is also an environment variable."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from worker.commands import variables
from worker.core.locations import local_path
from worker.core.s3 import S3Options

WHAT: Final = "What to render"
BLENDER: Final = "Devices and Blender"
LIMITS: Final = "Limits per object"
DOWNLOADS: Final = "Downloads"
SHARE: Final = "Share of the work (ranks)"
FAILURES: Final = "Failures and stopping"
STORAGE: Final = "Storage"
LOGGING: Final = "Logging"
MOST = 1_000_000_000
"""Default maximum of every number with a minimum: objects, MB, or seconds (31 years)."""
MOST_THREADS = 1024
"""Maximum of what has a thread or a process each; also Blender's maximum of threads."""
MOST_DEPTH = 64
"""As deep as `names.safe_member` lets a path be."""


def option(flag: str, text: str, panel: str | None = None, **more: Any) -> Any:
    """An option that is also an environment variable, in the `panel` of the command's help.

    A number with a `min` also has a `max`, by default MOST.
    """
    if "min" in more:
        more = {"max": MOST, **more}
    return typer.Option(
        flag,
        help=text,
        envvar=variables.of_option(flag),
        show_envvar=False,
        rich_help_panel=panel,
        **more,
    )


def argument(text: str, *, variable: str, **more: Any) -> Any:
    """An argument that is also the environment variable RENDER_WORKER_<variable>."""
    return typer.Argument(help=text, envvar=variables.PREFIX + variable, **more)


def _from_variable(
    context: typer.Context, parameter: typer.CallbackParam, value: list[str] | None
) -> list[str] | None:
    """The settings. A variable's are split again, because typer splits at every blank."""
    if not is_from_variable(context, parameter.name or ""):
        return value
    from worker.presets.overrides import split

    return split(os.environ[str(parameter.envvar)])


def preset_names(incomplete: str) -> list[str]:
    """The packaged presets that begin with `incomplete`, for shell completion."""
    from worker.presets.loader import names

    return [name for name in names() if name.startswith(incomplete)]


def _wanted(path: Path | None) -> Path | None:
    """Remember the summary's file, before any other option can be refused."""
    from worker.run import termination_summary

    return termination_summary.want(path)


def is_from_variable(context: typer.Context, name: str) -> bool:
    """Whether the parameter was set by the environment, not by the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "ENVIRONMENT"


Output = Annotated[
    str, option("--output", "Folder or s3://bucket/prefix of the zips.", WHAT, metavar="URI")
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "optix", "software"],
    option(
        "--device",
        "Render device; auto: OptiX, else CUDA, else CPU; for eevee and workbench a GPU.",
        BLENDER,
    ),
]
Blender = Annotated[
    str,
    option(
        "--blender", "bpy (the wheel), a Blender program, or auto.", BLENDER, metavar="PATH"
    ),
]  # fmt: skip
Children = Annotated[
    int,
    option(
        "--children-per-device",
        "Blender processes per device; 0: 2 on a GPU; on a CPU by cores, memory and preset.",
        BLENDER, min=0, max=MOST_THREADS,
    ),
]  # fmt: skip
Threads = Annotated[
    int,
    option(
        "--threads",
        "CPU threads per Blender process; 0: on a CPU its share of the cores, on a GPU all.",
        BLENDER, min=0, max=MOST_THREADS,
    ),
]  # fmt: skip
SandboxMode = Annotated[
    Literal["auto", "require", "off"],
    option(
        "--sandbox",
        "Fence Blender off; auto: as far as the kernel can; require: exit with 69 if it cannot.",
        BLENDER,
    ),
]
ObjectTimeout = Annotated[
    float, option("--object-timeout", "Seconds for one object.", LIMITS, min=1.0)
]
ImportTimeout = Annotated[
    float, option("--import-timeout", "Seconds to import one object.", LIMITS, min=1.0)
]
ViewTimeout = Annotated[
    float, option("--view-timeout", "Seconds for one view.", LIMITS, min=1.0)
]  # fmt: skip
MemoryLimit = Annotated[
    int,
    option(
        "--memory-limit-mb", "Memory of a Blender process; 0: from machine or container.",
        LIMITS, min=0,
    ),
]  # fmt: skip
# worker.core.ranks reads the variables of these two, together with those of the launchers.
Rank = Annotated[
    int | None,
    typer.Option(
        "--rank", help="Rank of this worker, 0 to world size − 1.", rich_help_panel=SHARE
    ),
]  # fmt: skip
WorldSize = Annotated[
    int | None,
    typer.Option(
        "--world-size", help="Number of workers; default: the launcher's.", rich_help_panel=SHARE
    ),
]
Index = Annotated[
    str,
    argument(
        "Index, list, folder of models, or one model; a path or a URL.",
        variable="INDEX", metavar="INDEX",
    ),
]  # fmt: skip
Preset = Annotated[
    str, option("--preset", "Preset name or TOML file.", WHAT, autocompletion=preset_names)
]
Overrides = Annotated[
    list[str] | None,
    option("--set", "Override a preset key.", WHAT, metavar="KEY=VALUE", callback=_from_variable),
]
Retry = Annotated[
    list[str] | None,
    option(
        "--retry",
        "Also retry failures with this code; all: every code; lost: zips that have disappeared.",
        FAILURES, metavar="CODE",
    ),
]  # fmt: skip
MaxFailureRate = Annotated[
    float,
    option(
        "--max-failure-rate", "Exit with 10 if a larger share of the objects failed.", FAILURES,
        min=0.0, max=1.0,
    ),
]  # fmt: skip
Grace = Annotated[
    float,
    option("--grace", "Seconds to finish work in progress after a signal.", FAILURES, min=0.0),
]
MixVersions = Annotated[
    bool,
    option(
        "--mix-versions", "Allow another version of Blender or the worker in one output.", FAILURES
    ),
]
Scratch = Annotated[
    Path | None,
    option(
        "--scratch", "Folder for raw passes and downloads; default: RAM if it fits, and TMPDIR.",
        STORAGE, parser=local_path, metavar="PATH",
    ),
]  # fmt: skip
Summary = Annotated[
    Path | None,
    option(
        "--summary", "Write a JSON summary of at most 4 KB to this file.", LOGGING,
        is_eager=True, callback=_wanted,
    ),
]  # fmt: skip
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"],
    option("--log-level", "Log messages of this level and above.", LOGGING),
]
Only = Annotated[
    list[str] | None,
    option(
        "--only",
        "Only objects with this uid, identifier or base name, which may be a glob.",
        WHAT, metavar="NAME",
    ),
]  # fmt: skip
Limit = Annotated[int | None, option("--limit", "Use at most N objects.", WHAT, min=1)]
DownloadWorkers = Annotated[
    int, option("--download-workers", "Parallel downloads.", DOWNLOADS, min=1, max=MOST_THREADS)
]
Downloads = Annotated[
    str | None,
    option(
        "--downloads",
        "Read downloads where 'fetch' has put them, and nothing from a network.",
        DOWNLOADS, metavar="URI",
    ),
]  # fmt: skip
AsJson = Annotated[bool, option("--json", "Print JSON.")]


def _s3_options(
    s3_endpoint: Annotated[
        str | None,
        option("--s3-endpoint", "URL of an S3-compatible server; default: Amazon's.", STORAGE),
    ] = None,
    s3_region: Annotated[
        str | None, option("--s3-region", "S3 region; default: boto3's.", STORAGE)
    ] = None,
    s3_addressing: Annotated[
        Literal["auto", "path", "virtual"],
        option("--s3-addressing", "How buckets are addressed.", STORAGE),
    ] = "auto",
    s3_checksums: Annotated[
        Literal["when_supported", "when_required"],
        option(
            "--s3-checksums", "boto3's checksum mode; older servers need when_required.", STORAGE
        ),
    ] = "when_supported",
) -> S3Options:
    return S3Options(
        endpoint_url=s3_endpoint,
        region=s3_region,
        addressing_style=s3_addressing,
        checksum_mode=s3_checksums,
    )


def _child_options(
    device: Device = "auto",
    threads: Threads = 0,
    object_timeout: ObjectTimeout = 300.0,
    import_timeout: ImportTimeout = 120.0,
    view_timeout: ViewTimeout = 120.0,
    memory_limit: MemoryLimit = 0,
    sandbox: SandboxMode = "auto",
) -> Any:
    from worker.supervisor.pool import PoolOptions
    from worker.supervisor.watchdog import Limits

    return PoolOptions(
        device=device,
        threads=threads,
        sandbox=sandbox,
        limits=Limits(
            import_s=import_timeout,
            view_s=view_timeout,
            object_s=object_timeout,
            memory_bytes=memory_limit << 20,
        ),
    )


def _pool_options(
    device: Device = "auto",
    children: Children = 0,
    threads: Threads = 0,
    recycle_after: Annotated[
        int,
        option(
            "--recycle-after",
            "Objects after which a Blender process is replaced.",
            BLENDER,
            min=1,
        ),
    ] = 200,
    object_timeout: ObjectTimeout = 300.0,
    import_timeout: ImportTimeout = 120.0,
    view_timeout: ViewTimeout = 120.0,
    memory_limit: MemoryLimit = 0,
    sandbox: SandboxMode = "auto",
) -> Any:
    import msgspec

    one = _child_options(
        device, threads, object_timeout, import_timeout, view_timeout, memory_limit, sandbox
    )
    return msgspec.structs.replace(one, children_per_device=children, recycle_after=recycle_after)


def _fetch_limits(
    max_download: Annotated[
        int,
        option("--max-download-mb", "Size limit of one object, unpacked, in MB.", DOWNLOADS, min=1),
    ] = 1024,
    root_depth: Annotated[
        int,
        option(
            "--root-depth",
            "Folders above a listed local model whose files it may use; 0: its own only.",
            WHAT,
            min=0,
            max=MOST_DEPTH,
        ),
    ] = 0,
    download_timeout: Annotated[
        float, option("--download-timeout", "Seconds for one download.", DOWNLOADS, min=1.0)
    ] = 600.0,
) -> Any:
    from worker.sources.base import FetchLimits

    return FetchLimits(
        max_bytes=max_download << 20, timeout_s=download_timeout, root_depth=root_depth
    )


def adds(keyword: str, make: Callable[..., Any]) -> Callable[..., Callable[..., None]]:
    """A decorator that adds the options of `make`; the command receives its result as `keyword`."""
    asked = inspect.signature(make, eval_str=True).parameters
    options = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in asked.values()]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)

        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            made = make(**{name: given.pop(name) for name in asked})
            command(**given, **{keyword: made})

        parameters: list[inspect.Parameter] = []
        for each in own.parameters.values():
            parameters += options if each.name == keyword else [each]
        vars(with_options)["__signature__"] = own.replace(parameters=parameters)
        return with_options

    return decorate


with_s3 = adds("s3", _s3_options)
"""Adds the S3 options to a command, which receives them as its keyword `s3`."""
with_pool = adds("pool", _pool_options)
"""Adds the options of Blender processes, received as the keyword `pool`, a `PoolOptions`."""
with_child = adds("pool", _child_options)
"""As `with_pool`, for a command that renders with one process."""
with_fetch = adds("fetch", _fetch_limits)
"""Adds the limits of downloads, received as the keyword `fetch`, a `FetchLimits`."""
