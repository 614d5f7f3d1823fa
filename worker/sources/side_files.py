"""Side files: files that a model names and needs, which are fetched with it.

They are material libraries, buffers and images, found by patterns of bounded length and not by
parsing: the model is untrusted, and this runs in the worker's own process. A name that is found by
mistake is merely missing.
"""

from __future__ import annotations

import errno
import html
import mmap
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import dropwhile
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

import structlog

from worker.core.errors import ImportFailed, TooLarge
from worker.core.formats import suffix_of
from worker.sources.names import safe_member

log = structlog.get_logger(__name__)

MOST: Final = 500
"""Maximum number of files that one model may name."""

_SCANNED: Final = 256 << 20
"""Bytes of a file that are searched."""
_STRETCH: Final = 1 << 20
_OVERLAP: Final = 4 << 10
"""Bytes searched at once, and again with the next stretch: a search blocks other threads."""

_VALUE: Final = re.compile(r"on|off|[rgbmlz]|[-+]?[\d.]+")
_BASE: Final = re.compile(r"[^/\\]+$")
_NO_PLACE: Final = frozenset({errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})

Get = Callable[[str, Path], bool]
"""Fetches the file of a safe relative name to a path; returns False if there is none."""


class _Naming(NamedTuple):
    """How files of a format name others: a pattern, and the names that a match may mean."""

    pattern: re.Pattern[bytes]
    spelt: Callable[[str], Iterable[str]]


def _library(text: str) -> Iterable[str]:
    # Either one name that contains blanks, or several names.
    return (text, *text.split())


def _map(text: str) -> Iterable[str]:
    """The name after a map's options: "-s 1 1 1 -bm 0.5 wood.png"."""
    words = text.split()
    if text.startswith("-"):
        words = list(dropwhile(lambda word: word.startswith("-") or _VALUE.fullmatch(word), words))
    return (" ".join(words), text)


def _uri(text: str) -> Iterable[str]:
    text = re.sub(r"\\(.)", r"\1", text)
    return () if text.startswith("data:") else (unquote(text), text)


def _xml_uri(text: str) -> Iterable[str]:
    return _uri(html.unescape(text))


def _windows(text: str) -> Iterable[str]:
    # The exporter's own folders do not exist here, so importers look beside the model.
    base = _BASE.search(text)
    return (text, base[0]) if base else (text,)


_MTL: Final = rb"^[ \t]*(?:map_\w+|bump|disp|decal|refl|norm)[ \t]+([^\r\n]{1,1024})"
# Excluding a header's zeros and quotes from names keeps any byte from being searched twice.
_FBX: Final = (
    rb'RelativeFilename(?:S..\x00\x00|: ")([^"\x00-\x1f]{1,1024}?'
    rb"\.(?:png|jpe?g|tga|bmp|tiff?|dds|exr|hdr|webp|gif|psd))"
)
_NAMINGS: Final = {
    "obj": _Naming(re.compile(rb"mtllib[ \t]+([^\r\n]{1,1024})"), _library),
    "mtl": _Naming(re.compile(_MTL, re.MULTILINE | re.IGNORECASE), _map),
    "gltf": _Naming(re.compile(rb'"uri"\s*:\s*"((?:[^"\\]|\\.){1,1024})"'), _uri),
    "dae": _Naming(
        re.compile(rb"<init_from>\s{0,64}+(?:<ref>\s{0,64}+)?+([^<]{1,1024}+)<"), _xml_uri
    ),
    "fbx": _Naming(re.compile(_FBX, re.DOTALL | re.IGNORECASE), _windows),
    "usda": _Naming(re.compile(rb"@([^@\r\n]{1,1024})@"), lambda text: (text,)),
}


def named(path: Path) -> Iterator[str]:
    """Safe names, relative to its folder, that the file at `path` names; some may not exist.

    Names outside the folder are skipped. Raises: TooLarge if it names more than MOST.
    """
    naming = _NAMINGS.get(suffix_of(path.name))
    if naming is None or path.stat().st_size == 0:
        return
    seen: set[bytes] = set()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        stretches = range(0, min(len(text), _SCANNED), _STRETCH)
        for found in (
            each
            for start in stretches
            for each in naming.pattern.finditer(text, start, start + _STRETCH + _OVERLAP)
        ):
            if found[1] in seen:
                continue
            seen.add(found[1])
            if len(seen) > MOST:
                raise _too_many(path.name)
            for name in naming.spelt(found[1].decode(errors="replace").strip()):
                try:
                    yield safe_member(name.strip("\"' \t"))
                except ImportFailed:
                    continue


def bring(folder: Path, model: str, get: Get) -> None:
    """Fetch the files that `model`, a file in `folder`, names, and those that they name in turn.

    Raises: TooLarge if they name more than MOST; whatever `get` raises.
    """
    known = {model}
    absent: list[str] = []
    todo = [model]
    while todo:
        file = folder / todo.pop()
        for name in named(file):
            name = file.parent.joinpath(name).relative_to(folder).as_posix()  # noqa: PLW2901
            if name in known:
                continue
            known.add(name)
            if len(known) > MOST:
                raise _too_many(model)
            (todo if _got(folder / name, name, get) else absent).append(name)
    if absent:
        log.info("side files not found", model=model, files=absent[:10])


def _too_many(name: str) -> TooLarge:
    return TooLarge(f"{name}: names more than {MOST} files")


def _got(path: Path, name: str, get: Get) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return get(name, path)
    except OSError as error:
        if error.errno in _NO_PLACE:  # a name that is also a folder, or too long
            return False
        raise
