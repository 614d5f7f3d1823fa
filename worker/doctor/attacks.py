"""Runs the attack list in a child, against targets made for it, and says what came through."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from worker.contract.attack_report import REFUSED, REPORT, Targets
from worker.core.errors import NodeUnusable

MOST_REPORTED: Final = 1 << 20
"""Bytes of a report; the list is the worker's own, but it ran where models run."""
HOME: Final = "home"
GRANTED: Final = "granted"
"""Folders below that of `targets`: the child's home, and one that it may read."""
ENDED_BY_KERNEL: Final = ("killed by SIGSYS", "killed by SIGSEGV")
"""How a process ends that calls the kernel in a way that is refused, or that the kernel lacks."""


class Line(msgspec.Struct, frozen=True):
    """One line of a report; see `attack_report.REPORT`."""

    attack: str = ""
    begun: bool = False
    outcome: str = ""
    found: str = ""
    end: bool = False
    refused_to_begin: str = ""


LINE: Final = msgspec.json.Decoder(Line)


class Attacked(msgspec.Struct, frozen=True):
    """What became of the attacks."""

    refused: tuple[str, ...]
    """Names of the attacks that the sandbox refused."""
    through: tuple[str, ...]
    """The others, each with what was found: "kill (through)", "bpf (EINVAL)"."""
    not_begun: str = ""
    """Why none was tried; "" if they were."""


@contextlib.contextmanager
def targets(folder: Path) -> Iterator[Targets]:
    """Make what is attacked below `folder`, which also holds HOME.

    Raises: OSError.
    """
    outside, granted = folder / "outside", folder / GRANTED
    (outside / "empty").mkdir(parents=True)
    granted.mkdir()
    for path in (outside / "secret", outside / "victim", granted / "model"):
        path.write_text("nobody's\n")
    abstract = f"render-worker-{uuid4().hex}"
    with contextlib.ExitStack() as held:
        port = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        below = os.open(folder, os.O_PATH)
        held.callback(os.close, below)
        for kind, address in (
            # The kernel allows 107 bytes, which scratch may exceed.
            (socket.SOCK_STREAM, f"/proc/self/fd/{below}/stream"),
            (socket.SOCK_DGRAM, f"/proc/self/fd/{below}/datagram"),
            (socket.SOCK_STREAM, f"\0{abstract}"),
        ):
            bound = held.enter_context(socket.socket(socket.AF_UNIX, kind))
            bound.bind(address)
            if kind == socket.SOCK_STREAM:
                bound.listen()
        yield Targets(
            worker=os.getpid(),
            outside=str(outside.resolve()),
            granted=str(granted.resolve()),
            port=port.getsockname()[1],
            stream="../stream",
            datagram="../datagram",
            abstract=abstract,
        )


def read(home: Path, ending: str) -> Attacked:
    """Read the report of a child that has ended, by `ending` (see `Child.ending`).

    Raises: NodeUnusable, if it is not a report.
    """
    try:
        descriptor = os.open(home / REPORT, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            lines = [LINE.decode(line) for line in file.read(MOST_REPORTED).splitlines()]
    except (OSError, msgspec.MsgspecError) as error:
        raise NodeUnusable(f"the attack list left no report ({ending}): {error}") from error
    return judged(lines, ending)


def judged(lines: Iterable[Line], ending: str) -> Attacked:
    """What became of the attacks that a report names, whose process ended by `ending`."""
    refused: list[str] = []
    through: list[str] = []
    last = Line()
    for last in lines:
        if last.refused_to_begin:
            return Attacked((), (), last.refused_to_begin)
        if last.outcome == REFUSED:
            refused.append(last.attack)
        elif last.outcome:
            through.append(f"{last.attack} ({last.found or last.outcome})")
    if last.begun and ending in ENDED_BY_KERNEL:
        refused.append(last.attack)
    elif not last.end:
        through.append(f"{last.attack or 'the list'} ({ending})")
    return Attacked(tuple(refused), tuple(through))
