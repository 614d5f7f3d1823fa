"""Whether the attack list may begin: only in a process that is known to be in a sandbox."""

from __future__ import annotations

import errno
import os

from worker.blender.attacks.reading import own_status
from worker.contract.attack_report import Targets

FILTERED = "2"
"""`Seccomp` in /proc/self/status: a filter is in effect (SECCOMP_MODE_FILTER)."""


def obstacle(targets: Targets) -> str:
    """Why the list must not begin, or "" if no_new_privs, seccomp and Landlock are in effect."""
    status = own_status()
    if status.get("NoNewPrivs") != "1":
        return "no_new_privs is not set"
    if status.get("Seccomp") != FILTERED:
        return "no seccomp filter is in effect"
    secret = f"{targets.outside}/secret"
    # Landlock does not decide about access(2): what it says may be opened was refused by Landlock.
    if not os.access(secret, os.R_OK):
        return "the file to try is not readable, so nothing is known of Landlock"
    try:
        os.close(os.open(secret, os.O_RDONLY))
    except OSError as error:
        if error.errno == errno.EACCES:
            return ""
        return f"the file to try cannot be opened for another reason: {error.strerror}"
    return "Landlock is not in effect: a file outside can be opened"
