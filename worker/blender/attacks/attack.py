"""One attack: what is tried, and with which errors a sandbox refuses it."""

from __future__ import annotations

import dataclasses
import errno
from typing import Callable, FrozenSet

from worker.contract.attack_report import Targets

DENIED = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS})
"""Landlock answers EACCES, seccomp EPERM or EACCES; a kernel without the call, ENOSYS."""


@dataclasses.dataclass(frozen=True)
class Attack:
    """`attempt` raises OSError if it is refused, and undoes what it did if it is not."""

    name: str
    tries: str
    attempt: Callable[[Targets], object]
    errors: FrozenSet[int] = DENIED
    """Errors that mean: refused."""


def attack(name: str, tries: str, attempt: Callable[[Targets], object], *also: int) -> Attack:
    """An attack that may be refused with DENIED and the errors `also`."""
    return Attack(name, tries, attempt, DENIED | frozenset(also))
