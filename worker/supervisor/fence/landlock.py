"""Landlock (Linux 5.13 and later): which files a process may use, and what it may connect to.

The interface is that of linux/landlock.h; newer kernels know more rights, which their ABI version
tells. glibc has no functions for it, so the three system calls are made by number.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from typing import Final

from worker.supervisor.fence.policy import Fence

CREATE_RULESET: Final = 444
ADD_RULE: Final = 445
RESTRICT_SELF: Final = 446
"""The same numbers on every architecture."""
VERSION: Final = 1
PATH_BENEATH: Final = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << n for n in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = (1 << n for n in range(6, 12))
MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = (1 << n for n in range(12, 16))
OF_FILES: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""Rights that a rule for a file may have; the others are for folders."""
FILES_BY_ABI: Final = {1: (1 << 13) - 1, 2: REFER, 3: TRUNCATE, 5: IOCTL_DEV}
"""Rights to files that each ABI adds."""
NETWORK_BY_ABI: Final = {4: 0b11}
"""TCP: to bind, to connect."""
SCOPES_BY_ABI: Final = {6: 0b11}
"""What may not leave the domain: connections to abstract AF_UNIX sockets, and signals."""
SIZE_BY_ABI: Final = {1: 8, 4: 16, 6: 24}
"""Bytes of struct landlock_ruleset_attr: files, network, scopes."""

READ: Final = READ_FILE | READ_DIR
UPDATE: Final = READ_FILE | WRITE_FILE
RIGHTS: Final = {
    "read": READ,
    "names": READ_DIR,
    "execute": EXECUTE | READ_FILE,
    "write": READ | WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG
    | MAKE_SYM,
    "update": UPDATE,
    "devices": UPDATE | READ_DIR | IOCTL_DEV,
}  # fmt: skip
"""What the paths in each field of a `Fence` give."""


def abi() -> int:
    """The kernel's version of Landlock; 0 if it has none, or it is switched off."""
    version = _call(CREATE_RULESET, None, 0, VERSION)
    return max(version, 0)


def restrict(fence: Fence, version: int) -> None:
    """Restrict this thread, for good, to what `fence` grants; needs no_new_privs. Raises: OSError.

    version: `abi()`, at least 1.
    """
    handled = known(FILES_BY_ABI, version)
    fields = (handled, known(NETWORK_BY_ABI, version), known(SCOPES_BY_ABI, version))
    size = max(size for since, size in SIZE_BY_ABI.items() if since <= version)
    ruleset = _checked(CREATE_RULESET, struct.pack("=QQQ", *fields), size, 0)
    try:
        for field, rights in RIGHTS.items():
            for path in getattr(fence, field):
                _add(ruleset, path, rights & handled)
        _checked(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def known(by_abi: dict[int, int], version: int) -> int:
    """The rights that a kernel with this version of Landlock knows."""
    found = 0
    for since, rights in by_abi.items():
        found |= rights if since <= version else 0
    return found


def _add(ruleset: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what does not exist, or is out of reach already, needs no rule
    try:
        if not stat.S_ISDIR(os.fstat(beneath).st_mode):
            rights &= OF_FILES
        if rights:
            _checked(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, beneath), 0)
    finally:
        os.close(beneath)


def _checked(number: int, *arguments: int | bytes) -> int:
    result = _call(number, *arguments)
    if result < 0:
        why = ctypes.get_errno()
        raise OSError(why, f"Landlock: {os.strerror(why)}")
    return result


def _call(number: int, *arguments: int | bytes | None) -> int:
    # As longs, because a variadic function takes an int of Python as a C int.
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result: int = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *words)
    return result
