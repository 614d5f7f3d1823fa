"""Reads the environment variables that launchers set: a text, or a whole number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from worker.core.errors import UsageError

MOST: Final = 0xFFFFFFFF
"""The largest number accepted; schedulers use 32 bits."""

Environment = Mapping[str, str]


def text(env: Environment, variable: str) -> str | None:
    """A variable's text; None if it is unset or blank, as Kubernetes manifests may leave it."""
    return env.get(variable, "").strip() or None


def number(env: Environment, variable: str, default: int | None = None, at_least: int = 0) -> int:
    """A variable's number, or `default`. Raises: UsageError, if it has none or is no number."""
    found = text(env, variable)
    if found is None:
        if default is None:
            raise UsageError(f"{variable} is not set, but its launcher should set it")
        return default
    is_whole = found.isascii() and found.isdigit()
    if is_whole and (len(found) > len(str(MOST)) or int(found) > MOST):
        raise UsageError(f"{variable} is {found[:40]}: it must be at most {MOST}")
    if not is_whole or int(found) < at_least:
        raise UsageError(f"{variable} is {found!r}: it must be a whole number, {at_least} or more")
    return int(found)


def number_if_set(env: Environment, variable: str, at_least: int = 0) -> int | None:
    """A variable's number; None if it is unset. Raises: UsageError, if it is no number."""
    return None if text(env, variable) is None else number(env, variable, at_least=at_least)
