"""The folders of this machine that no ledger line and no zip names.

Messages come from importers, git and the system, and quote whatever path they were given. They are
shortened by `worker.supervisor.reasons.without_paths` before anything keeps them.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from worker.core import file_uri
from worker.index.record import ObjectRef
from worker.index.uris import is_remote
from worker.sources import scene_members
from worker.sources.archive import split

LEAST_PARTS: Final = 3
"""Of a folder above another one: "/", and two names. "/home" and "/data" say nothing."""


def of(refs: Iterable[ObjectRef] = (), others: Iterable[Path | str] = ()) -> frozenset[str]:
    """This process's own folders, `others`, those of the objects `refs`, and what they lie in.

    Each is as it is named and with its links resolved.
    """
    named = {Path(each) for each in (*others, *_own())}
    for ref in refs:
        for one in scene_members.of(ref):
            named |= {path for each in (one.location, one.root) for path in _local(each)}
    found: set[str] = set()
    for path in named:
        for each in (Path(os.path.abspath(path)), Path(os.path.realpath(path))):  # noqa: PTH100 - a loop of links is no error
            found.add(str(each))
            found |= {str(above) for above in each.parents if len(above.parts) >= LEAST_PARTS}
    return frozenset(found)


def _own() -> tuple[str, ...]:
    """The user's home, the folder of temporary files, the worker's code and Python's."""
    code = Path(__file__).parents[2]
    return (os.path.expanduser("~"), tempfile.gettempdir(), str(code), sys.prefix)  # noqa: PTH111 - needs no home


def _local(location: str | None) -> Iterable[Path]:
    """The folder of a local file, or a local folder. A location that is no path gives none."""
    if location is None or is_remote(location) or "\0" in location:
        return ()
    file, _ = split(location)
    if file.startswith(file_uri.SCHEME):
        try:
            file = file_uri.path_of(file)
        except ValueError:
            return ()
    path = Path(file)
    return (path, path.parent) if path.is_absolute() else ()
