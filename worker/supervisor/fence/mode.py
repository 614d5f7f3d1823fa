"""`--sandbox`: whether children are fenced, and what that needs of the kernel."""

from __future__ import annotations

import functools
import platform
import sys
from typing import Final, Literal

import msgspec
import structlog

from worker.core.errors import NodeUnusable
from worker.supervisor.fence import landlock, seccomp
from worker.supervisor.fence.syscalls import AUDIT_ARCHES

log = structlog.get_logger(__name__)

Sandbox = Literal["auto", "require", "off"]
NO_LANDLOCK: Final = (
    "its kernel has no Landlock (Linux 5.13 and later, with 'landlock' in "
    "/sys/kernel/security/lsm), so files are not protected"
)
NO_SECCOMP: Final = (
    "its kernel has no seccomp filters, so the network and other processes are not protected"
)
ADVICE: Final = "trust the models, or use another node; --sandbox require refuses such nodes"
"""What to do about it, unless such nodes are refused already."""


class Support(msgspec.Struct, frozen=True):
    """What this machine has for a fence."""

    landlock: int
    """The version of its interface; 0: none."""
    seccomp: bool

    @property
    def any(self) -> bool:
        """Whether there is anything to fence with."""
        return self.landlock > 0 or self.seccomp

    @property
    def missing(self) -> tuple[str, ...]:
        """What is missing for a whole fence, and what that means."""
        if not sys.platform.startswith("linux"):
            return (f"it runs {platform.system()}, and the sandbox needs Linux",)
        if platform.machine() not in AUDIT_ARCHES:
            return (f"the sandbox does not know its processor, {platform.machine()}",)
        found = () if self.landlock else (NO_LANDLOCK,)
        return found if self.seccomp else (*found, NO_SECCOMP)


@functools.cache
def support() -> Support:
    """What this machine has. Nothing is restricted."""
    if not sys.platform.startswith("linux"):
        return Support(0, seccomp=False)
    return Support(landlock.abi(), seccomp.supported())


def fenced(sandbox: Sandbox) -> bool:
    """Whether children are started in a fence.

    With "auto", what is missing is logged once. Raises: NodeUnusable, if "require" lacks something.
    """
    if sandbox == "off":
        return False
    found = support()
    if sandbox == "require" and found.missing:
        raise NodeUnusable(
            f"--sandbox require: this node cannot fence Blender: {'; '.join(found.missing)}; "
            "use another node, or --sandbox auto to go on with what there is"
        )
    if found.missing:
        _warn(found.missing)
    return found.any


@functools.cache
def _warn(missing: tuple[str, ...]) -> None:
    log.warning(
        "Blender is not wholly fenced",
        missing=list(missing),
        advice=ADVICE,
    )
