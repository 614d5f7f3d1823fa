"""`render-worker omage-to-mesh`: convert an object image to a GLB."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from worker.commands.command import Command, application
from worker.commands.options import option
from worker.core.errors import ConfigurationError, UsageError
from worker.core.locations import local_path

GLB: str = ".glb"
EXAMPLES = """Example:

  render-worker omage-to-mesh renders/0123abcd.zip --to chair.glb --resolution 64
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
def omage_to_mesh_command(
    source: Annotated[
        Path,
        typer.Argument(help="A .npz, or an object's zip.", parser=local_path, metavar="FILE"),
    ],
    to: Annotated[Path, option("--to", "GLB to write.", parser=local_path, metavar="OUT.glb")],
    resolution: Annotated[
        int | None,
        option("--resolution", "First reduce the object image to this resolution, e.g. 64.", min=2),
    ] = None,
) -> None:
    """Turn an object image back into a mesh with its textures, Y up, as a GLB."""
    from worker.core import local_file
    from worker.omage import glb
    from worker.omage.mesh import mesh_of
    from worker.omage.open import read

    if to.suffix.lower() != GLB:
        raise UsageError(f"--to {to}: only GLB can be written; use a name that ends in {GLB}")
    omage = read(source, resolution)
    mesh = mesh_of(omage)
    if not len(mesh.triangles):
        raise ConfigurationError(f"{source}: no mesh: no four neighbouring pixels are occupied")
    local_file.write(to, glb.encode(mesh, omage))
    typer.echo(f"{to}: {len(mesh.points):,} vertices, {len(mesh.triangles):,} triangles")
