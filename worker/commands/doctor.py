"""`render-worker doctor`: check a node before a run."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.commands.command import Command, application
from worker.commands.options import (
    AsJson,
    Blender,
    Children,
    Device,
    MemoryLimit,
    SandboxMode,
    Scratch,
    option,
    with_s3,
)
from worker.core.s3 import S3Options

EXAMPLES = """Examples:

  render-worker doctor
  render-worker doctor --output s3://bucket/renders --json
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
def doctor_command(
    output: Annotated[
        str | None, option("--output", "Also test this store.", metavar="URI")
    ] = None,
    device: Device = "auto",
    blender: Blender = "auto",
    children: Children = 0,
    memory_limit: MemoryLimit = 0,
    sandbox: SandboxMode = "auto",
    scratch: Scratch = None,
    *,
    s3: S3Options,
    as_json: AsJson = False,
) -> None:
    """Check whether a run would work on this node.

    Tries Blender, devices, the sandbox, scratch, memory, store and clock.
    Exits with 69 if a run would fail or the sandbox does not hold.
    """
    import json
    import os

    from rich.console import Console

    from worker import doctor
    from worker.commands.progress import Spinner
    from worker.core import logging
    from worker.doctor.examination import Options
    from worker.report import doctor as report

    logging.configure("error")
    options = Options(
        blender=blender,
        device=device,
        children_per_device=children,
        memory_bytes=memory_limit << 20,
        sandbox=sandbox,
        scratch=scratch,
        output=output,
        s3=s3,
    )
    with Spinner() as progress:
        found = doctor.examine(options, os.environ, lambda what: progress.say(f"checking {what}"))
    if as_json:
        typer.echo(json.dumps(report.to_dict(found), indent=2))
    else:
        Console().print(report.render(found))
    raise typer.Exit(found.status)
