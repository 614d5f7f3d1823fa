"""Runs all checks and sorts their results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from worker.core import scratch
from worker.core.errors import ExitStatus, NodeError
from worker.core.s3 import S3Options
from worker.doctor import blenders, node, outputs
from worker.doctor.check import Check, Health
from worker.supervisor import shares
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.shares import Asked, Work

ORDER: Final = (
    "blender",
    "device",
    "engine",
    "kernels",
    "kernel cache",
    "sandbox",
    "scratch",
    "downloads",
    "memory",
    "cores",
    "store",
    "clock",
)


class Examination(msgspec.Struct, frozen=True):
    """The results of all checks."""

    checks: tuple[Check, ...]

    @property
    def status(self) -> ExitStatus:
        """69 if a check failed, else 0."""
        failed = any(check.health is Health.FAIL for check in self.checks)
        return ExitStatus.UNAVAILABLE if failed else ExitStatus.DONE


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the run that is examined."""

    blender: str = "auto"
    device: str = "auto"
    children_per_device: int = 0
    memory_bytes: int = 0
    sandbox: Sandbox = "auto"
    scratch: Path | None = None
    output: str | None = None
    s3: S3Options = S3Options()


def examine(
    options: Options,
    environment: Mapping[str, str],
    on_check: Callable[[str], None] = lambda _: None,
) -> Examination:
    """Run all checks; `on_check` is called with a name before each group of checks.

    Raises: UsageError, if `options.output` is not a valid store URI.
    """
    checks: list[Check] = []
    on_check("scratch")
    checks.append(node.check_scratch(options.scratch))
    checks.append(node.check_downloads(options.scratch))
    on_check("blender and its devices")
    base = options.scratch if checks[0].health is not Health.FAIL else None
    try:
        with scratch.scratch(base) as home:
            checks += blenders.check_blenders(
                options.blender, options.device, options.sandbox, environment, home
            )
    except NodeError as error:
        checks.append(Check(name="blender", health=Health.FAIL, found=f"not checked: {error}"))
    children = _children(checks, options)
    checks.append(node.check_memory(children, options.memory_bytes))
    checks.append(node.check_cores(children))
    if options.output is not None:
        on_check("store")
        checks += outputs.check_output(options.output, options.s3)
    return Examination(tuple(sorted(checks, key=lambda check: ORDER.index(check.name))))


def _children(checks: list[Check], options: Options) -> int:
    """Number of children of a run: it uses all working devices of the first kind that works."""
    kinds = [check.facts["kind"] for check in checks if check.facts.get("renders")]
    kind = kinds[0] if kinds else "cpu"
    asked = Asked(options.children_per_device, memory_bytes=options.memory_bytes)
    return max(1, kinds.count(kind)) * shares.per_device(kind, asked, Work(objects=0))
