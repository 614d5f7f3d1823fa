"""One model given in place of a list: a list of one, whose record names the model itself."""

from __future__ import annotations

import os

from worker.core.errors import IndexInvalid
from worker.core.formats import ARCHIVE_SUFFIXES, is_model
from worker.index import uris
from worker.index.record import ObjectRef


def is_one(uri: str) -> bool:
    """Whether `uri` names a model or an archive, by its suffix, and not a list or a folder."""
    try:
        name = uris.name_of(uri).lower()
    except ValueError:  # not a valid URL, which is reported when it is read
        return False
    named = is_model(name) or name.endswith(ARCHIVE_SUFFIXES)
    # Unlike Path.is_dir, it does not raise for a folder that may not be entered.
    return named and (uris.is_remote(uri) or not os.path.isdir(uri))  # noqa: PTH112


def file_of(uri: str) -> str:
    """The file at `uri`, which may be a member of an archive (``archive.zip!/member``)."""
    file, mark, _ = uri.partition("!/")
    return file if mark and file.lower().endswith(ARCHIVE_SUFFIXES) else uri


def record(uri: str) -> tuple[str, ObjectRef]:
    """The record of the model at `uri`, and its name in messages; see `listings.base.Records`.

    A local path is relative to the folder of `file_of`, so that the identifier does not depend on
    where the model lies. Raises: IndexInvalid.
    """
    where = uris.shown(uri)
    if uris.is_remote(uri):
        return where, ObjectRef(file_identifier=uri)
    file = file_of(uri)
    name = uris.name_of(file) + uri[len(file) :]
    try:
        name.encode()
    except UnicodeEncodeError:
        raise IndexInvalid(f"{where!r}: the name is not UTF-8; rename the file") from None
    return where, ObjectRef(file_identifier=name, path=name)
