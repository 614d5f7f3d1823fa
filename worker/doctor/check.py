"""The result of one check: how healthy something is, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Health(StrEnum):
    """The severity of a check's result."""

    OK = "ok"
    WARN = "warn"
    """A run works, but is slower or lacks a feature."""
    FAIL = "fail"
    """A run would end with exit status 69."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check."""

    name: str
    """What was checked: "blender", "device", "engine", "kernels", "kernel cache", "scratch", …"""
    health: Health
    found: str
    """What was found, in one line of text."""
    advice: str = ""
    """What to do; empty if nothing is needed."""
    facts: dict[str, Any] = {}
    """What was found, as JSON values for scripts; sizes in bytes, times in seconds."""


def size(count: int) -> str:
    """A number of bytes with an SI prefix: "1.5 GB"."""
    scaled = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if scaled < 1000:  # noqa: PLR2004 - SI prefixes are powers of a thousand
            return f"{scaled:.3g} {unit}"
        scaled /= 1000
    return f"{scaled:.3g} TB"
