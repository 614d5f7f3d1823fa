"""What every product offers."""

from __future__ import annotations

from typing import Callable

from worker.blender.engine import Device
from worker.contract.protocol import Phase, Rendered, RenderObject
from worker.contract.recipe import Recipe

Tell = Callable[[Phase], None]
"""Tells the host of each phase, before it begins."""
Product = Callable[[RenderObject, Recipe, Device, Tell], Rendered]
"""Makes the raw files of one object in the request's scratch. Raises: ObjectFault."""
