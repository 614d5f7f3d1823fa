"""Gives up root's rights (capabilities(7)) in a child that root starts.

Blender needs none of them. Those to read and write whatever file is granted are kept, because a
model, or a kernel cache, may belong to another user.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Final

VERSION: Final = 0x20080522
"""_LINUX_CAPABILITY_VERSION_3: 64 bits, in two halves."""
KEPT: Final = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: Landlock still decides which files."""
WORDS: Final = struct.Struct("=6I")
"""Effective, permitted and inheritable, the low half of each and then the high one of each."""


def give_up() -> None:
    """Keep KEPT, as far as this process has it, for good; needs no_new_privs. Raises: OSError.

    What is executed afterwards gains nothing back, root or not.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    head = struct.pack("=Ii", VERSION, 0)
    held = ctypes.create_string_buffer(WORDS.size)
    if libc.capget(head, held) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    kept = WORDS.unpack(held.raw)[1] & KEPT
    if libc.capset(head, WORDS.pack(kept, kept, 0, 0, 0, 0)) != 0:
        why = ctypes.get_errno()
        raise OSError(why, f"capset: {os.strerror(why)}")
