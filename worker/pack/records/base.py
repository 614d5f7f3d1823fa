"""What every record offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from worker.blender.messages import View
from worker.blender.recipe import Recipe

Record = Callable[[Sequence[View], Recipe], dict[str, bytes]]
"""All of an object's views to files: contents by name, relative to the object's folder."""
