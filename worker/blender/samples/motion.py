"""motion."""

from __future__ import annotations

from typing import Callable

MOTION: dict[str, Callable[[], None]] = {}
