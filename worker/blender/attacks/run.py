"""Runs the attack list in this process and reports what became of each attack."""

from __future__ import annotations

import errno
import json
import os
import pathlib
import sys
from typing import Any, Callable, Dict, List

from worker.blender.attacks.attack import Attack
from worker.blender.attacks.begin import obstacle
from worker.blender.attacks.listed import ATTACKS
from worker.contract import attack_report
from worker.contract.attack_report import REFUSED, REPORT, TARGETS, THROUGH, UNCLEAR, Targets

NOT_BEGUN = 3
"""Exit status if the list must not begin."""


def main(_: List[str]) -> None:
    """Try every attack; the working directory is the child's home. Never returns."""
    with pathlib.Path(TARGETS).open() as file:
        targets = attack_report.decode(file.read())
    # Kept open: the report must not depend on what the attacks did to the folder.
    report = os.open(REPORT, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)

    def tell(**line: Any) -> None:
        os.write(report, json.dumps(line).encode() + b"\n")

    reason = obstacle(targets)
    if reason:
        tell(refused_to_begin=reason)
        sys.stderr.write(f"the attack list does not begin: {reason}\n")
        os._exit(NOT_BEGUN)
    for each in ATTACKS:
        _try(each, targets, tell)
    tell(end=True)
    os._exit(0)  # not by Blender's own end, which could fail after the attacks


def _try(each: Attack, targets: Targets, tell: Callable[..., None]) -> None:
    tell(attack=each.name, begun=True)
    outcome: Dict[str, str] = {"outcome": THROUGH, "found": ""}
    try:
        each.attempt(targets)
    except OSError as error:
        known = error.errno in each.errors
        name = errno.errorcode.get(error.errno or 0, str(error.errno))
        outcome = {"outcome": REFUSED if known else UNCLEAR, "found": name}
    except Exception as error:  # noqa: BLE001 - an attack that is itself wrong is told, not hidden
        outcome = {"outcome": UNCLEAR, "found": f"{type(error).__name__}: {error}"}
    tell(attack=each.name, **outcome)
