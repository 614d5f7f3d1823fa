"""What the host and the attack list agree on: where it finds its targets, and what it reports.

The attack list (`worker/blender/attacks`) runs in a child and tries what a hostile model might. The
host writes TARGETS into the child's home before it starts, and reads REPORT when it has ended.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Dict

TARGETS = "targets.json"
"""In the child's home: `Targets` as a JSON object."""
REPORT = "attacks.jsonl"
"""In the child's home: a JSON object per line, in the order of the attacks.

{"attack": name, "begun": true} before each attempt, {"attack": name, "outcome": …, "found": text}
after it, and {"end": true} after the last. If the list does not begin, a single line
{"refused_to_begin": reason}.
"""
THROUGH = "through"
"""The attempt succeeded."""
REFUSED = "refused"
"""The sandbox refused it, with one of the errors expected."""
UNCLEAR = "unclear"
"""It failed, but with an error that the sandbox does not give."""


@dataclasses.dataclass(frozen=True)
class Targets:
    """What is attacked. Everything in it is made for that, and may be harmed.

    worker: the process that must not be reached. outside: a folder that the child may not use, with
    the files "secret" and "victim" and the folder "empty". granted: a folder that it may only read,
    with the file "model". port: a TCP port of 127.0.0.1 where somebody listens. stream, datagram:
    paths of UNIX sockets that somebody has bound, relative to the child's home. abstract: such a
    socket's abstract name.
    """

    worker: int
    outside: str
    granted: str
    port: int
    stream: str
    datagram: str
    abstract: str


def encode(targets: Targets) -> str:
    """The content of the file TARGETS."""
    return json.dumps(dataclasses.asdict(targets))


def decode(text: str) -> Targets:
    """Inverse of `encode`."""
    fields: Dict[str, Any] = json.loads(text)
    return Targets(**fields)
