"""An object image out of a file a person names: a .npz, or an object's zip."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Final

from worker.core import keys
from worker.core.errors import ConfigurationError, UsageError
from worker.omage import Omage, npz_files
from worker.omage.npz_files import NotOmage

ZIP: Final = ".zip"
MEMBER_LIMIT: Final = 1 << 28


def read(source: Path) -> Omage:
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
        raise ConfigurationError(f"{source} is not an object image: {error}") from error


def _member(source: Path) -> bytes:
    """The object image in an object's zip."""
    with zipfile.ZipFile(source) as archive:
        names = [name for name in archive.namelist() if name.rpartition("/")[2] == keys.OMAGE]
        if len(names) != 1:
            raise NotOmage(f"a zip without exactly one {keys.OMAGE}, from another preset")
        if archive.getinfo(names[0]).file_size > MEMBER_LIMIT:
            raise NotOmage(f"{keys.OMAGE} is too large")
        return archive.read(names[0])
