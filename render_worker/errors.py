"""The exceptions of `render_worker`, as one tree.

ReadError
├── PlaceError      the place does not exist, cannot be read, or holds nothing that was asked for
├── DamagedZip      a zip, shard or ledger is truncated, damaged, or not written by render-worker
├── MissingData     the zip is intact, but does not hold what was asked for
├── UnknownObject   no object has this uid, identifier or name (also a KeyError)
└── MissingLibrary  an optional library is not installed (also an ImportError)

Each message says which file, what is wrong with it, and what to do, where something can be done.
"""

from __future__ import annotations

import importlib
from typing import Any


class ReadError(Exception):
    """An output cannot be read."""


class PlaceError(ReadError):
    """The place does not exist, cannot be read, or holds nothing that was asked for."""


class DamagedZip(ReadError):
    """A file is truncated, damaged, or was not written by render-worker."""


class MissingData(ReadError):
    """The zip does not hold what was asked for; another preset would render it."""


class UnknownObject(ReadError, KeyError):
    """No object, or more than one, has this uid, identifier or name."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would put it in quotes


class MissingLibrary(ReadError, ImportError):
    """An optional library is not installed."""


def need(library: str, what: str, install: str) -> Any:
    """Import the optional module `library`, needed for `what`. Raises: MissingLibrary."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise MissingLibrary(
            f"{library} is not installed; {what} needs it: pip install '{install}' ({error})"
        ) from error
