"""What kind of file a program is, from its first bytes."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import Final

ELF: Final = b"\x7fELF"
SCRIPT: Final = b"#!"
CLASS_64: Final = 2
PT_INTERP: Final = 3
MOST: Final = 1 << 16
"""Bytes that are read at once; a program's headers are in its first few hundred."""


def is_script(program: Path) -> bool:
    """Whether `program` is a text that another program runs. Raises: OSError."""
    return _start(program).startswith(SCRIPT)


def loader(program: Path) -> str | None:
    """The dynamic loader that an ELF file of 64 bits names; None if it is another or has none.

    The layout is that of elf(5), little-endian. Raises: OSError.
    """
    head = _start(program)
    if head[:4] != ELF or head[4:5] != bytes([CLASS_64]):
        return None
    with contextlib.suppress(struct.error):
        (table,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        for at in range(table, table + size * count, size):
            kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", head, at)
            if kind == PT_INTERP:
                name = _start(program, offset)[:length]  # patchelf puts it anywhere
                return name.rstrip(b"\0").decode(errors="replace")
    return None


def _start(program: Path, offset: int = 0) -> bytes:
    with program.open("rb") as file:
        file.seek(offset)
        return file.read(MOST)
