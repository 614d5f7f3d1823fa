"""`render-worker omage-to-mesh`: an object image back to a GLB."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Annotated

import typer

from worker.commands.options import option
from worker.core import keys
from worker.core.errors import ConfigurationError, UsageError
from worker.omage import Omage, glb, npz_files
from worker.omage.mesh import mesh_of
from worker.omage.npz_files import NotOmage
from worker.omage.reduce import reduced

ZIP: str = ".zip"
GLB: str = ".glb"
MEMBER_LIMIT = 1 << 28


def omage_to_mesh_command(
    source: Annotated[Path, typer.Argument(help="A .npz, or an object's zip.", metavar="FILE")],
    to: Annotated[Path, option("--to", "GLB to write.", metavar="OUT.glb")],
    resolution: Annotated[
        int | None,
        option("--resolution", "Reduce it to so many pixels first, as 64.", min=2),
    ] = None,
) -> None:
    """Turn an object image back into a mesh with its textures, Y up, as a GLB."""
    if to.suffix.lower() != GLB:
        raise UsageError(f"--to {to}: a GLB is written and nothing else; let the name end in {GLB}")
    omage = _read(source)
    if resolution is not None and resolution != len(omage):
        if len(omage) % resolution:
            raise UsageError(f"--resolution {resolution} does not divide {len(omage)}, {source}'s")
        omage = reduced(omage, resolution)
    mesh = mesh_of(omage)
    if not len(mesh.triangles):
        raise ConfigurationError(f"{source}: no four neighbouring pixels are occupied: no mesh")
    try:
        to.write_bytes(glb.encode(mesh, omage))
    except OSError as error:
        raise UsageError(f"{to} cannot be written: {error.strerror or error}") from error
    typer.echo(f"{to}: {len(mesh.points):,} vertices, {len(mesh.triangles):,} triangles")


def _read(source: Path) -> Omage:
    """The object image. Raises: UsageError, ConfigurationError."""
    try:
        data = _member(source) if source.suffix == ZIP else source.read_bytes()
        return npz_files.values(npz_files.decode(data))
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror or error}") from error
    except (
        NotOmage, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
        RuntimeError,
    ) as error:  # fmt: skip
        raise ConfigurationError(f"{source} is no object image: {error}") from error


def _member(source: Path) -> bytes:
    """The object image in an object's zip."""
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if name.rpartition("/")[2] == keys.OMAGE]
        if len(names) != 1:
            raise NotOmage(f"a zip without one {keys.OMAGE}; it was made by another preset")
        if archive.getinfo(names[0]).file_size > MEMBER_LIMIT:
            raise NotOmage(f"{keys.OMAGE} is too large")
        return archive.read(names[0])
