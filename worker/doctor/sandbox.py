"""Checks the sandbox: a child runs the attack list in the fence that models get."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from worker.contract import attack_report
from worker.contract.attack_report import TARGETS
from worker.core import memory
from worker.core.errors import NodeError, NodeUnusable
from worker.doctor import attacks
from worker.doctor.attacks import Attacked
from worker.doctor.check import Check, Health
from worker.supervisor import runtime as runtimes
from worker.supervisor.devices import Device
from worker.supervisor.fence import executables, mode
from worker.supervisor.fence.fences import Fences, Surroundings
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.process import Child
from worker.supervisor.runtime import Runtime
from worker.supervisor.watchdog import Limits

NAME: Final = "sandbox"
DEADLINE_S: Final = 600.0
"""For Blender to start on a slow disk, and the list to be tried."""
RUNNING: Final = "still running"
SHOWN: Final = 5
"""Attacks that are named in the table; the JSON names all."""


def check_sandbox(
    runtime: Runtime, device: Device, sandbox: Sandbox, home: Path, environment: Mapping[str, str]
) -> Check:
    """Try the attack list in a child of `runtime` on `device`. Removes the folder `home`."""
    support = mode.support()
    facts: dict[str, Any] = {
        "sandbox": sandbox,
        "device": device.kind,
        "landlock": support.landlock,
        "seccomp": support.seccomp,
        "missing": list(support.missing),
    }
    if sandbox == "off":
        return Check(
            name=NAME,
            health=Health.WARN,
            found="switched off: a model that takes over Blender has the worker's rights",
            advice="render models of strangers with --sandbox require",
            facts=facts,
        )
    if support.missing:
        return Check(
            name=NAME,
            health=Health.FAIL if sandbox == "require" else Health.WARN,
            found=f"incomplete, attacks not tried: {'; '.join(support.missing)}",
            advice="use another node, or trust the models" if sandbox == "require" else mode.ADVICE,
            facts=facts,
        )
    if executables.is_script(Path(runtime.command[0])):
        return Check(
            name=NAME,
            health=Health.WARN,
            found=f"looser, attacks not tried: {runtime.command[0]} is a script, and may start "
            "programs",
            advice="name Blender's own program with --blender",
            facts=facts,
        )
    try:
        attacked = attack(runtime, device, sandbox, home, environment)
    except (NodeError, OSError) as error:
        return Check(name=NAME, health=Health.FAIL, found=f"not tried: {error}", facts=facts)
    return judged(attacked, device, facts)


def judged(attacked: Attacked, device: Device, facts: dict[str, Any]) -> Check:
    """The result for what became of the attacks. `facts`: see `check_sandbox`."""
    tried = len(attacked.refused) + len(attacked.through)
    facts = {**facts, "attacks": tried, "through": list(attacked.through)}
    if attacked.not_begun:
        return Check(
            name=NAME,
            health=Health.FAIL,
            found=f"not in effect in a child: {attacked.not_begun}",
            advice="please report this; until then, trust the models or use another node",
            facts=facts,
        )
    if attacked.through:
        more = len(attacked.through) - SHOWN
        named = ", ".join(attacked.through[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        return Check(
            name=NAME,
            health=Health.FAIL,
            found=f"{len(attacked.through)} of {tried} attacks came through: {named}",
            advice="render no models of strangers here, and please report this (SECURITY.md)",
            facts=facts,
        )
    return Check(
        name=NAME,
        health=Health.OK,
        found=f"{tried} attacks refused in a child for {device.kind} "
        f"(Landlock ABI {facts['landlock']}, seccomp)",
        facts=facts,
    )


def attack(
    runtime: Runtime, device: Device, sandbox: Sandbox, home: Path, environment: Mapping[str, str]
) -> Attacked:
    """Run the attack list in a child. Removes the folder `home`.

    Raises: NodeError, if there is no such child or it leaves no report; OSError.
    """
    attacking = runtimes.attacking(runtime)
    try:
        with attacks.targets(home) as targets:
            inner = home / attacks.HOME
            inner.mkdir()
            (inner / TARGETS).write_text(attack_report.encode(targets))
            surroundings = Surroundings(objects=(home / attacks.GRANTED,), private=(home,))
            fence = Fences(sandbox, attacking, surroundings, environment).of(device, inner)
            child = Child(attacking, device, inner, Limits(), memory.default_limit(1), fence)
            try:
                return attacks.read(inner, _ended(child))
            finally:
                child.kill()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _ended(child: Child) -> str:
    deadline = time.monotonic() + DEADLINE_S
    while (ending := child.ending()) == RUNNING:
        if time.monotonic() > deadline:
            raise NodeUnusable(f"the attack list did not end within {DEADLINE_S:.0f} s")
    return ending
