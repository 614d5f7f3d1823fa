"""References of COLLADA to other documents, which may contain geometry and other parts.

The XML is searched as text, not parsed. This is fast, expands no entities, and finds at least the
references that an importer follows.
"""

from __future__ import annotations

import html
import mmap
import os.path
import re
from pathlib import Path
from typing import Iterator
from urllib.parse import unquote

from worker.blender.faults import ObjectFault
from worker.blender.references.reference import Reference, readings

# Attributes and elements that may contain a URI.
_ATTRIBUTES = re.compile(rb"[\s:](?:url|source|target|document)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SKELETON = re.compile(
    rb"[<:]skeleton(?:\s(?:[^>\"']|\"[^\"]*\"|'[^']*')*)?>"
    rb"((?:<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|[^<])*)",
    re.DOTALL,
)
_NO_TEXT = re.compile(rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[|\]\]>", re.DOTALL)
# With these declarations a document could write a URI that the patterns here miss.
_DECLARATION = re.compile(rb"<!(ENTITY|ATTLIST)")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']\s*([^\"']*)")
_LIKE_ASCII = re.compile(
    rb"utf-?8|(us-)?ascii|(iso-?8859|latin|windows|cp125|cp9[345]|koi8|gb|big5|euc|s(hift[-_])?jis).*",
    re.IGNORECASE,
)
_WIDE = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
_UNREAD = (b"\0\0\0<", b"<\0\0\0", b"\0\0\xfe\xff", b"\xff\xfe\0\0", b"\x4c\x6f\xa7\x94")
"""First bytes of XML in UTF-32 and EBCDIC."""
_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):(?://[^/]*)?", re.IGNORECASE)


def read(path: str) -> Iterator[Reference]:
    """References in a .dae.

    Raises: ObjectFault("import") if its XML declares entities or attributes, or has an encoding in
    which URIs cannot be found.
    """
    with Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return
        text = _plain(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    if not _BEGIN.match(text):
        return  # not XML but, say, a referenced shader or image, which has no references
    declaration = _DECLARATION.search(text)
    if declaration:
        raise ObjectFault(
            "import",
            f"its XML has an {declaration[1].decode()} declaration, which is not allowed",
        )
    folder = os.path.dirname(path)  # noqa: PTH120
    for found in dict.fromkeys(_addresses(text)):
        yield from _references(found, folder)


def _plain(text: mmap.mmap) -> mmap.mmap | bytes:
    """The text in an encoding that is compatible with ASCII. Raises: ObjectFault("import")."""
    wide = _WIDE.get(text[:2])
    plain = text[:].decode(wide, "replace").encode(errors="replace") if wide else text
    named = _ENCODING.findall(b"" if wide else text[: max(0, text.find(b"?>"))])
    other = [name for name in named if not _LIKE_ASCII.fullmatch(name.strip())]
    if other or text[:4] in _UNREAD:
        name = other[0].decode(errors="replace")[:50] if other else "unknown"
        raise ObjectFault("import", f"its XML encoding is not supported: {name}")
    return plain


def _addresses(text: mmap.mmap | bytes) -> Iterator[bytes]:
    for found in _ATTRIBUTES.finditer(text):
        yield found[1] or found[2] or b""
    for found in _SKELETON.finditer(text):
        yield _NO_TEXT.sub(b"", found[1])


def _references(address: bytes, folder: str) -> Iterator[Reference]:
    """The reference in a URI; it counts only if the file exists.

    A "target" may also be a node path such as "node/translate", and URIs may contain paths of the
    author's machine.
    """
    name = html.unescape(os.fsdecode(address)).strip()
    document = name.partition("#")[0]
    if not document:
        return
    scheme = _SCHEME.match(document)
    spelled = [document]
    if scheme:
        spelled += [document[scheme.end(1) + 1 :], document[scheme.end() :]]
    paths = readings(folder, *spelled, *map(unquote, spelled))
    yield Reference(name, paths, is_certain=False, is_followed=True)
