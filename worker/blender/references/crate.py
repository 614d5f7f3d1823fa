"""Reads the strings of a USD crate (.usdc): its TOKENS section has all, including asset paths.

Layout: pxr/usd/sdf/crateFile.cpp of OpenUSD; chunks of LZ4: pxr/base/tf/fastCompression.cpp.
"""

from __future__ import annotations

import struct

from worker.blender.references.lz4 import decompress

MAGIC = b"PXR-USDC"
MAX_BYTES = 1 << 27
"""Largest total size of all strings, in bytes."""
COMPRESSED_SINCE = (0, 4, 0)
_BOOT = struct.Struct("<8s8Bq")
_SECTION = struct.Struct("<16sqq")


def tokens(crate: memoryview) -> list[bytes]:
    """All strings of a crate. Raises: ValueError if it is invalid, truncated or too large."""
    try:
        _, *version, table = _BOOT.unpack_from(crate)
        is_compressed = tuple(version[:3]) >= COMPRESSED_SINCE
        found = b"\0".join(
            _content(part, is_compressed) for part in _sections(crate, table, b"TOKENS")
        )
    except struct.error:
        raise ValueError("truncated crate") from None
    return list(dict.fromkeys(found.split(b"\0")))


def _sections(crate: memoryview, table: int, wanted: bytes) -> list[memoryview]:
    if table < 0:
        raise ValueError("crate without a table of contents")
    (count,) = struct.unpack_from("<Q", crate, table)
    if count > len(crate) // _SECTION.size:
        raise ValueError("crate with more sections than bytes")
    parts = []
    for number in range(count):
        name, start, size = _SECTION.unpack_from(crate, table + 8 + number * _SECTION.size)
        if name.split(b"\0")[0] == wanted:
            if min(start, size) < 0 or start + size > len(crate):
                raise ValueError("truncated crate")
            parts.append(crate[start : start + size])
    if not parts:
        raise ValueError("crate without strings")
    return parts


def _content(part: memoryview, is_compressed: bool) -> bytes:
    _, size = struct.unpack_from("<QQ", part)
    if size > MAX_BYTES:
        raise ValueError(f"crate with more than {MAX_BYTES} bytes of strings")
    if not is_compressed:
        return bytes(part[16 : 16 + size])
    (packed,) = struct.unpack_from("<Q", part, 16)
    if packed > len(part) - 24:
        raise ValueError("truncated crate")
    return _unpack(part[24 : 24 + packed], size)


def _unpack(packed: memoryview, size: int) -> bytes:
    """Decompress `packed` to at most `size` bytes.

    The first byte is the number of chunks, each preceded by its size. If it is 0, a single chunk
    without a size follows.
    Raises: ValueError if the data is truncated or longer than `size`.
    """
    if len(packed) == 0:
        return b""
    chunks, at = packed[0], 1
    if chunks == 0:
        return decompress(packed[1:], size)
    out = b""
    for _ in range(chunks):
        (length,) = struct.unpack_from("<i", packed, at)
        if length <= 0 or at + 4 + length > len(packed):
            raise ValueError("truncated crate")
        out += decompress(packed[at + 4 : at + 4 + length], size - len(out))
        at += 4 + length
    return out
