"""A minimal LZ4 block decoder, to read the strings of a USD crate without USD."""

from __future__ import annotations

import struct

LONG = 15
"""Value of a 4-bit length that means that the length continues in the following bytes."""
FULL = 255
"""Value of a following byte that means that the length continues in the next one."""


def decompress(block: memoryview, limit: int) -> bytes:
    """Decompress one block.

    Raises: ValueError if it is invalid, truncated or decompresses to more than `limit` bytes.
    """
    out = bytearray()
    at = 0
    try:
        while True:
            token = block[at]
            count, at = _length(block, at + 1, token >> 4)
            if len(out) + count > limit or at + count > len(block):
                raise ValueError("a block's size differs from the declared size")
            out += block[at : at + count]
            at += count
            if at == len(block):  # the last sequence has no match
                return bytes(out)
            (offset,) = struct.unpack_from("<H", block, at)
            count, at = _length(block, at + 2, token & 15)
            count += 4
            if len(out) + count > limit or not 0 < offset <= len(out):
                raise ValueError("a block's size differs from the declared size")
            start = len(out) - offset
            piece = out[start : start + count]  # shorter than `count` if the match overlaps
            out += (piece * (count // len(piece) + 1))[:count]
    except (IndexError, struct.error):
        raise ValueError("truncated block") from None


def _length(block: memoryview, at: int, nibble: int) -> tuple[int, int]:
    """The length that starts with `nibble` and continues at `at`, and the position after it."""
    count, goes_on = nibble, nibble == LONG
    while goes_on:
        count += block[at]
        goes_on = block[at] == FULL
        at += 1
    return count, at
