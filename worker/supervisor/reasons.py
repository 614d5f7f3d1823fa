"""Why an import failed, in the importer's own last words, and without paths of this machine.

Some of Blender's importers report "unknown error, see console" and print the reason. A table of
what they print finds it in the log's last lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from worker.contract.protocol import STAGE

GENERIC: Final = re.compile(r"unknown error|see (?:blender )?console|gave up", re.IGNORECASE)
LABEL: Final = re.compile(r"^cannot import the \.\w+: ")
PRINTED: Final = (
    re.compile(r"PLY Importer: failed importing .*?: (?P<reason>.+)$"),
    re.compile(r"Schema validation \(Error\): .*?Additional: (?P<reason>.+)$"),
    re.compile(r"^(?:Runtime|Coding) Error: in .* -- (?P<reason>.*\bExpected\b.*)$"),
    re.compile(r"(?P<reason>has an unknown file format, unable to read)"),
    re.compile(r"^(?:Runtime|Coding) Error: in .* -- (?P<reason>.+)$"),
    re.compile(r"^Error: .*? - (?P<reason>.+)$"),
)
"""What importers print, the most telling first."""
SOURCE: Final = re.compile(r"\S*/source/blender/\S+\.(?:cc|c|hh|h):\d+ ?|\bat line \d+ of \S+ ?")
"""Where in Blender's own source something was printed."""
SHORT: Final = 2
"""Names in a folder's path that another path may contain too, such as "/tmp" in "/var/tmp"."""


def explained(message: str, tail: Sequence[str]) -> str:
    """`message`, or in its place the reason that the log's `tail` gives, where it says none."""
    if not GENERIC.search(message):
        return message
    label = LABEL.match(message)
    for pattern in PRINTED:
        for line in reversed(tail):
            if found := pattern.search(line):
                return f"{label[0] if label else ''}{found['reason'].strip()}"
    return message


def without_paths(text: str, folders: Iterable[str]) -> str:
    """`text` with paths below `folders` relative to them, and no lines of Blender's source.

    A folder itself becomes its name.
    """
    for folder in sorted(set(folders), key=len, reverse=True):
        path = folder.rstrip("/")
        if path and path in text:
            begin = r"(?<![\w.~-])" if path.count("/") <= SHORT else ""
            text = re.sub(rf"{begin}{re.escape(path)}/+", "", text)
            name = path.rpartition("/")[2].replace("\\", r"\\")
            text = re.sub(rf"{begin}{re.escape(path)}(?![\w~-]|\.\w)", name, text)
    return SOURCE.sub("", text)


def folders_of(root: Path, raw: Path) -> tuple[str, ...]:
    """The folders of one object, as they are called here and as links lead to them."""
    inner = (raw / STAGE, root, raw)
    return tuple(str(path) for each in inner for path in (each, each.resolve()))
