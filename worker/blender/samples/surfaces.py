"""surfaces."""

from __future__ import annotations

from typing import Callable

SURFACES: dict[str, Callable[[], None]] = {}
