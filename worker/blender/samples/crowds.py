"""crowds."""

from __future__ import annotations

from typing import Callable

CROWDS: dict[str, Callable[[], None]] = {}
