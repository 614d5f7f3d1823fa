"""Stores: the folders and S3 prefixes that hold outputs, data sets and indexes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from worker.core import file_uri, keys, locations
from worker.core.errors import UsageError
from worker.core.s3 import S3Options
from worker.stores.base import Entry, Stat, Store
from worker.stores.folder import FolderStore

__all__ = ["Entry", "Stat", "Store", "open_store", "refuse_among"]


def open_store(uri: str, options: S3Options = S3Options()) -> Store:  # noqa: B008 - frozen
    """The store for `uri`: a folder's path, file:///path or s3://bucket/prefix. Does no I/O.

    Raises: UsageError, if `uri` or `options` is invalid.
    """
    scheme = locations.scheme_of(uri, [name for name in SCHEMES if name])
    return SCHEMES[scheme](uri, options)


def refuse_among(target: Store, outputs: Iterable[Store], option: str) -> None:
    """Refuse a `target` among the files of one of `outputs`, which would be taken for its own.

    Raises: UsageError, naming the `option`.
    """
    inner = f"{_place(target)}/"
    for output, part in itertools.product(outputs, keys.PARTS_OF_OUTPUT):
        if inner.startswith(f"{_place(output)}/{part}"):
            raise UsageError(
                f"{option} {target.uri} is among the files of {output.uri}; use a place outside "
                f"its {part}"
            )


def _place(store: Store) -> str:
    """A store's URI; of a folder, its path without links."""
    uri = store.uri if store.uri.startswith("s3://") else os.path.realpath(store.uri)
    return uri.rstrip("/")


def _folder(uri: str, _: S3Options) -> Store:
    if not uri:
        raise UsageError("an empty path is not a store; '.' is this folder")
    return FolderStore(Path(uri).expanduser())


def _file(uri: str, _: S3Options) -> Store:
    try:
        return FolderStore(Path(file_uri.path_of(uri)))
    except ValueError as error:
        raise UsageError(f"{uri!r}: {error}") from error


def _s3(uri: str, options: S3Options) -> Store:
    # Imported here, because boto3 takes 0.1 s to import and a run without S3 does not need it.
    from worker.stores.s3 import S3Store

    return S3Store(uri, options)


SCHEMES: dict[str, Callable[[str, S3Options], Store]] = {"": _folder, "file": _file, "s3": _s3}
"""The function that opens a store, by URI scheme."""
