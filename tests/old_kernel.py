"""Makes this process's kernel one without Landlock, by a seccomp filter of its own."""

from __future__ import annotations

import platform
from errno import ENOSYS

from worker.supervisor.fence import bpf, landlock, seccomp
from worker.supervisor.fence.syscalls import AUDIT_ARCHES, X32_BIT


def without_landlock() -> None:
    """From here on, for this process and what it starts, there is no Landlock."""
    refusal = bpf.errno(ENOSYS)
    program = bpf.start(AUDIT_ARCHES[platform.machine()], X32_BIT, refusal)
    for number in (landlock.CREATE_RULESET, landlock.ADD_RULE, landlock.RESTRICT_SELF):
        program += bpf.rule(number, (), refusal)
    seccomp.allow_no_privileges()
    seccomp.restrict(bpf.packed([*program, (bpf.RETURN, 0, 0, bpf.ALLOW)]))
