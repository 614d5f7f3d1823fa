"""One thing looked at: how it is, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Health(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"
    """A run works, but slower or with less than it might."""
    FAIL = "fail"
    """A run would end with exit status 69."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at."""

    name: str
    """What was looked at: "blender", "device", "kernel cache", "scratch", "downloads", …"""
    health: Health
    found: str
    """For a person, in a line."""
    advice: str = ""
    """What to do; empty where nothing need be done."""
    facts: dict[str, Any] = {}
    """The same for a script: plain JSON values, bytes and seconds."""


def size(count: int) -> str:
    """A number of bytes for a person: "1.5 GB"."""
    scaled = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if scaled < 1000:  # noqa: PLR2004 - SI prefixes go by thousands
            return f"{scaled:.3g} {unit}"
        scaled /= 1000
    return f"{scaled:.3g} TB"
