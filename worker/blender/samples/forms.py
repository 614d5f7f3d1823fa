"""forms."""

from __future__ import annotations

from typing import Callable

FORMS: dict[str, Callable[[], None]] = {}
