"""`render-worker warm`: fill the GPU's kernel caches before a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from worker.commands.command import Command, application
from worker.commands.options import Blender, Device, SandboxMode, Scratch

if TYPE_CHECKING:
    from worker.doctor.warmth import Warmed

EXAMPLES = """Example:

  render-worker warm --device optix
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
def warm_command(
    device: Device = "auto",
    blender: Blender = "auto",
    sandbox: SandboxMode = "auto",
    scratch: Scratch = None,
) -> None:
    """Compile the GPU kernels before the first run.

    On a GPU newer than Blender's own kernels this takes minutes, longer than
    the time limit of one object; so do EEVEE's shaders with --device software.
    """
    import os

    from worker.commands.progress import Spinner
    from worker.core.scratch import scratch as scratch_folder
    from worker.doctor.warmth import warm
    from worker.supervisor import runtime

    found = runtime.find(blender)
    with scratch_folder(scratch) as home, Spinner() as progress:
        warmed = warm(
            found, device, sandbox, os.environ, home,
            lambda name: progress.say(f"compiling for {name}"),
        )  # fmt: skip
    if not warmed:
        typer.echo("a run on this node would use the CPU: there is nothing to warm")
    for gpu in warmed:
        typer.echo(_sentence(gpu))


def _sentence(gpu: Warmed) -> str:
    from worker.doctor.check import size

    state = "warm already" if all(cache.warm for cache in gpu.caches_before) else "was cold"
    held = ", ".join(f"{size(cache.bytes)} in {cache.folder}" for cache in gpu.caches)
    return (
        f"{' '.join(filter(None, (gpu.kind, gpu.visible)))} ({', '.join(gpu.names)}): {state}, "
        f"test render in {gpu.seconds:.1f} s; {held}"
    )
