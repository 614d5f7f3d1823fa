"""The model formats that the worker knows, by file suffix."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from worker.contract import model_formats

MODEL_SUFFIXES: Final = model_formats.MODEL_SUFFIXES

ARCHIVE_SUFFIXES: Final = (".zip", ".tar", ".tar.gz", ".tgz")
"""Lower-case ends of the names of archives that may hold a model with its other files."""


def suffix_of(name: str) -> str:
    """Lower-case suffix of a POSIX path or file name, without the dot; "" if there is none."""
    return PurePosixPath(name).suffix[1:].lower()


def is_model(name: str) -> bool:
    """Whether `name` has the suffix of a known model format."""
    return suffix_of(name) in MODEL_SUFFIXES


def name_of(file_identifier: str) -> str:
    """A short name of an object for people: the last part of its identifier, a path or a URL."""
    path = file_identifier
    if "://" in path:  # partition, because an identifier may be a malformed URL
        path = path.partition("#")[0].partition("?")[0]
    return PurePosixPath(path).name or file_identifier
