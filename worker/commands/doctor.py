"""`render-worker doctor` and `warm`: what to try on a node before a run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal, Self

import typer
from rich.console import Console

from worker import doctor
from worker.commands.options import (
    MOST_THREADS,
    option,
    with_s3,
)
from worker.core import logging
from worker.core.s3 import S3Options
from worker.core.scratch import scratch as scratch_folder
from worker.doctor.check import size
from worker.doctor.examination import Options
from worker.doctor.warmth import Warmed, warm
from worker.report import doctor as report
from worker.supervisor import runtime

Device = Annotated[
    Literal["auto", "cpu", "cuda", "optix"], option("--device", "auto: OptiX, CUDA, CPU.")
]
Blender = Annotated[str, option("--blender", "'bpy', a program, or auto.", metavar="PATH")]
Scratch = Annotated[Path | None, option("--scratch", "Folder for raw passes and downloads.")]


@with_s3
def doctor_command(
    output: Annotated[str | None, option("--output", "Also try this store.")] = None,
    device: Device = "auto",
    blender: Blender = "auto",
    children: Annotated[
        int,
        option("--children-per-device", "As for a run; 0: the default.", min=0, max=MOST_THREADS),
    ] = 0,
    memory_limit: Annotated[int, option("--memory-limit-mb", "As for a run.", min=0)] = 0,
    scratch: Scratch = None,
    *,
    s3: S3Options,
    as_json: Annotated[bool, option("--json", "For a script.")] = False,
) -> None:
    """Look at what a run needs here: Blender, devices, scratch, memory, store, clock.

    Exit status 0, or 69 if something would end a run.
    """
    logging.configure("error")
    options = Options(
        blender=blender,
        device=device,
        children_per_device=children,
        memory_bytes=memory_limit << 20,
        scratch=scratch,
        output=output,
        s3=s3,
    )
    with _Progress() as progress:
        found = doctor.examine(options, os.environ, lambda what: progress.say(f"looking at {what}"))
    if as_json:
        typer.echo(json.dumps(report.to_dict(found), indent=2))
    else:
        Console().print(report.render(found))
    raise typer.Exit(found.status)


def warm_command(
    device: Device = "auto", blender: Blender = "auto", scratch: Scratch = None
) -> None:
    """Fill the GPU kernel caches, so that no object waits for a compiler."""
    found = runtime.find(blender)
    with scratch_folder(scratch) as home, _Progress() as progress:
        warmed = warm(
            found, device, os.environ, home, lambda name: progress.say(f"warming {name}, minutes")
        )
    if not warmed:
        typer.echo("a run would render on the CPU here: there is nothing to warm")
    for gpu in warmed:
        typer.echo(_sentence(gpu))


def _sentence(gpu: Warmed) -> str:
    state = "warm already" if all(cache.warm for cache in gpu.caches_before) else "was cold"
    held = ", ".join(f"{size(cache.bytes)} in {cache.folder}" for cache in gpu.caches)
    return (
        f"{gpu.kind} {gpu.visible} ({', '.join(gpu.names)}): {state}, "
        f"test render in {gpu.seconds:.1f} s; {held}"
    )


class _Progress:
    """A spinner where a person looks on."""

    def __init__(self) -> None:
        self._status = Console(stderr=True).status("…") if sys.stderr.isatty() else None

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, what: str) -> None:
        if self._status is not None:
            self._status.update(what)
