"""proof."""

from __future__ import annotations

from typing import Callable

PROOF: dict[str, Callable[[], None]] = {}
