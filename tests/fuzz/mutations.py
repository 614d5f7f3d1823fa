"""What is done to a file: each takes bytes and a random stream, and returns other bytes.

A mutation that does not fit (of text, say, where the file is binary) returns the bytes unchanged.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from random import Random
from typing import Final

Mutation = Callable[[bytes, Random, bytes], bytes]
"""Bytes, stream, and bytes of another seed of the same format."""

EXTREMES: Final = (
    b"0", b"-1", b"1", b"2147483647", b"-2147483648", b"4294967295", b"4294967296",
    b"9223372036854775807", b"1000000000000", b"1e38", b"-1e38", b"1e999", b"1e-45", b"NaN",
    b"-inf", b"255", b"256", b"65535", b"65536", b"3.4028235e38",
)  # fmt: skip
WORDS: Final = (
    *(struct.pack("<I", n) for n in (0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)),
    *(struct.pack(">I", n) for n in (1, 0x7FFFFFFF, 0x80000000, 0x10000)),
    *(struct.pack("<Q", n) for n in (0, 1 << 32, (1 << 63) - 1, (1 << 64) - 1, 10**12)),
    *(struct.pack("<f", x) for x in (float("nan"), float("inf"), 1e38, -1e38, 1e-45)),
    struct.pack("<d", 1e308), struct.pack("<H", 0xFFFF), b"\xff", b"\0",
)  # fmt: skip
ODD: Final = (
    "\u202e", "\u2028", "\x1b[31m", "\0", "\ud7ff", "\u0085", "../", "/", "%00", "%n", "\\", '"',
    "<", "&", "]]>", "${a}", "`id`", "\n", "a" * 5000, "[" * 3000, "(" * 3000, "{" * 3000,
)  # fmt: skip
_NUMBER: Final = re.compile(rb"(?<![\w.])-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.])")
_TOKEN: Final = re.compile(rb"[A-Za-z_][\w.:/-]{2,40}")
_QUOTED: Final = re.compile(rb"\"[^\"\n]{1,200}\"|@[^@\n]{1,200}@")
_NAMED: Final = re.compile(
    rb"(?m)(?<=^mtllib )\S+|(?<=^map_Kd )\S+|[\w./-]+\.(?:png|bin|mtl|usda?)"
)
HEAD: Final = 512
"""Bytes in which a binary format keeps most of its counts and offsets."""


def is_text(data: bytes) -> bool:
    """Whether it has no NUL and is UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def _span(data: bytes, stream: Random) -> tuple[int, int]:
    """A piece of it: where it begins and ends; most are short."""
    start = stream.randrange(len(data))
    longest = stream.choice((4, 4, 16, 16, 64, 256, 4096, len(data)))
    return start, min(len(data), start + stream.randint(1, longest))


def flip_bits(data: bytes, stream: Random, _: bytes) -> bytes:
    """Between one and 64 bits, in the head or anywhere."""
    changed = bytearray(data)
    reach = min(len(data), HEAD) if stream.random() < 0.2 else len(data)
    for _count in range(stream.choice((1, 1, 1, 2, 2, 8, 64))):
        changed[stream.randrange(reach)] ^= 1 << stream.randrange(8)
    return bytes(changed)


def cut(data: bytes, stream: Random, _: bytes) -> bytes:
    """Only its beginning."""
    return data[: stream.choice((stream.randrange(len(data)), len(data) - 1, min(len(data), 16)))]


def swap(data: bytes, stream: Random, _: bytes) -> bytes:
    """Two pieces change places."""
    (a, b), (c, d) = sorted((_span(data, stream), _span(data, stream)))
    return data if b > c else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def double(data: bytes, stream: Random, _: bytes) -> bytes:
    """A piece twice, or many times."""
    start, end = _span(data, stream)
    return data[:start] + data[start:end] * stream.choice((2, 2, 3, 20)) + data[end:]


def drop(data: bytes, stream: Random, _: bytes) -> bytes:
    """Without a piece."""
    start, end = _span(data, stream)
    return data[:start] + data[end:]


def splice(data: bytes, stream: Random, other: bytes) -> bytes:
    """With a piece of another file of its format, in place of one or inserted."""
    start, end = _span(data, stream)
    first, last = _span(other, stream)
    return data[:start] + other[first:last] + data[stream.choice((start, end)) :]


def numbers(data: bytes, stream: Random, _: bytes) -> bytes:
    """Numbers of a text become extreme ones."""
    return _replaced(data, stream, _NUMBER, lambda: stream.choice(EXTREMES))


def words(data: bytes, stream: Random, _: bytes) -> bytes:
    """Numbers of a binary file, where lengths and counts may be, become extreme ones."""
    changed = bytearray(data)
    for _count in range(stream.choice((1, 1, 2, 4))):
        reach = min(len(data), HEAD) if stream.random() < 0.3 else len(data)
        at = stream.randrange(reach)
        if stream.random() < 0.7:
            at -= at % 4
        word = stream.choice(WORDS)
        changed[at : at + len(word)] = word
    return bytes(changed)


def tokens(data: bytes, stream: Random, other: bytes) -> bytes:
    """Words of a text become those of another file of its format."""
    known = _TOKEN.findall(other[:200_000])
    return _replaced(data, stream, _TOKEN, lambda: stream.choice(known)) if known else data


def odd_strings(data: bytes, stream: Random, _: bytes) -> bytes:
    """Controls, separators, depth and length inside what is quoted or named."""
    pattern = stream.choice((_QUOTED, _TOKEN))

    def other(old: bytes) -> bytes:
        at = stream.randint(1, len(old) - 1) if len(old) > 1 else 0
        return old[:at] + stream.choice(ODD).encode() + old[at:]

    return _changed(data, stream, pattern, other)


def lead_out(data: bytes, stream: Random, _: bytes, targets: tuple[str, ...]) -> bytes:
    """Names of files become others, that lie outside or on a server."""
    pattern = _NAMED if _NAMED.search(data) and stream.random() < 0.7 else _QUOTED

    def other(old: bytes) -> bytes:
        target = stream.choice(targets).encode()
        return old[:1] + target + old[-1:] if pattern is _QUOTED else target

    return _changed(data, stream, pattern, other)


def _replaced(
    data: bytes, stream: Random, pattern: re.Pattern[bytes], new: Callable[[], bytes]
) -> bytes:
    return _changed(data, stream, pattern, lambda _: new())


def _changed(
    data: bytes, stream: Random, pattern: re.Pattern[bytes], new: Callable[[bytes], bytes]
) -> bytes:
    """A few of the matches changed."""
    found = [match.span() for match in pattern.finditer(data[:2_000_000])]
    if not found:
        return data
    chosen = stream.sample(found, min(len(found), stream.choice((1, 1, 2, 4, 16))))
    for start, end in sorted(chosen, reverse=True):
        data = data[:start] + new(data[start:end]) + data[end:]
    return data


ANY: Final[tuple[Mutation, ...]] = (swap, double, drop, splice, cut)
OF_BYTES: Final[tuple[Mutation, ...]] = (flip_bits, flip_bits, words, words, words, *ANY)
OF_TEXT: Final[tuple[Mutation, ...]] = (
    numbers,
    numbers,
    numbers,
    tokens,
    odd_strings,
    flip_bits,
    *ANY,
)


def mutated(data: bytes, stream: Random, other: bytes, targets: tuple[str, ...]) -> bytes:
    """One to four mutations of the bytes, in the order that the stream draws."""
    for _ in range(stream.choice((1, 1, 1, 1, 2, 3))):
        if not data:
            return data
        if stream.random() < 0.1:
            data = lead_out(data, stream, other, targets)
            continue
        if is_text(data):
            data = stream.choice(OF_TEXT)(data, stream, other or data)
        else:
            data = stream.choice(OF_BYTES)(data, stream, other or data)
    return data
