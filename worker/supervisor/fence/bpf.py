"""Programs of classic BPF that judge a system call by its number and arguments (seccomp(2))."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
AND: Final = 0x54  # BPF_ALU | BPF_AND | BPF_K
IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
IF_NOT_LESS: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
RETURN: Final = 0x06  # BPF_RET | BPF_K

NUMBER: Final = 0
ARCHITECTURE: Final = 4
ARGUMENTS: Final = 16
"""Offsets in struct seccomp_data; each argument is 8 bytes, the low half first."""

ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
ERRNO: Final = 0x00050000

WORD: Final = 0xFFFFFFFF

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, value."""


class Test(NamedTuple):
    """Whether an argument, after `mask`, is one of `values` (or, with `negated`, none of them)."""

    argument: int
    values: tuple[int, ...]
    mask: int = WORD
    negated: bool = False
    high: bool = False
    """Look at the upper 32 bits instead of the lower."""


def errno(number: int) -> int:
    """The action that makes a system call fail with an error."""
    return ERRNO | number


def start(architecture: int, first_refused: int, refusal: int) -> list[Instruction]:
    """Kill calls of another architecture; `refusal` for numbers from `first_refused` on."""
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (IF_NOT_LESS, 0, 1, first_refused),
        (RETURN, 0, 0, refusal),
    ]


def rule(number: int, tests: tuple[Test, ...], refusal: int) -> list[Instruction]:
    """Allow the call `number` if all `tests` hold, else `refusal`. The number is loaded."""
    tested = [_loads(test) for test in tests]
    lengths = [len(loads) + len(test.values) + 1 for loads, test in zip(tested, tests, strict=True)]
    refused = sum(lengths) + 1 if tests else 0
    block: list[Instruction] = []
    for loads, test, length in zip(tested, tests, lengths, strict=True):
        passed = len(block) + length
        block += loads
        hit, other = (refused, passed) if test.negated else (passed, refused)
        for value in test.values:
            block.append((IF_EQUAL, hit - len(block) - 1, 0, value))
        block.append((IF_EQUAL, other - len(block) - 1, other - len(block) - 1, 0))
    if tests:
        block.append((RETURN, 0, 0, ALLOW))
    block.append((RETURN, 0, 0, refusal))
    return [(IF_EQUAL, 0, len(block), number), *block]


def _loads(test: Test) -> list[Instruction]:
    load = (LOAD, 0, 0, ARGUMENTS + 8 * test.argument + 4 * test.high)
    return [load] if test.mask == WORD else [load, (AND, 0, 0, test.mask)]


def packed(program: list[Instruction]) -> bytes:
    """An array of struct sock_filter."""
    return b"".join(struct.pack("=HBBI", *each) for each in program)
