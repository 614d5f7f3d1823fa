"""An object image out of a file a person names: a .npz, or an object's zip."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Final

from worker.contract.omage_reduction import reduced
from worker.core import keys
from worker.core.errors import ConfigurationError, UsageError
from worker.omage import Omage, npz_files
from worker.omage.npz_files import NotOmage

ZIP: Final = ".zip"
MEMBER_LIMIT: Final = 1 << 28


def read(source: Path, resolution: int | None = None) -> Omage:
    """The object image, reduced to `resolution` if that is given.

    A zip that has an image of this size is read there: its seams are closed. Others are reduced
    here. Raises: UsageError, ConfigurationError.
    """
    try:
        data = _member(source, resolution) if source.suffix == ZIP else source.read_bytes()
        omage = npz_files.values(npz_files.decode(data))
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror or error}") from error
    except (
        NotOmage, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError,
        RuntimeError,
    ) as error:  # fmt: skip
        raise ConfigurationError(f"{source} is not an object image: {error}") from error
    if resolution is None or resolution == len(omage):
        return omage
    if len(omage) % resolution:
        raise UsageError(f"{source}: --resolution {resolution} does not divide {len(omage)}")
    return reduced(omage, resolution)


def _member(source: Path, resolution: int | None) -> bytes:
    """The object image in an object's zip, of this resolution if there is one."""
    with zipfile.ZipFile(source) as archive:
        listed = archive.namelist()
        names = [name for name in listed if name.rpartition("/")[2] == keys.OMAGE]
        if len(names) != 1:
            raise NotOmage(f"a zip without exactly one {keys.OMAGE}, from another preset")
        own = (
            "" if resolution is None else names[0].replace(keys.OMAGE, keys.omage_small(resolution))
        )
        name = own if own in listed else names[0]
        if archive.getinfo(name).file_size > MEMBER_LIMIT:
            raise NotOmage(f"{name} is too large")
        return archive.read(name)
