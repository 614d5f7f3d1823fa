"""What Blender made of one object."""

from __future__ import annotations

from pathlib import Path

import msgspec

from worker.contract.protocol import Rendered
from worker.sources.base import FetchedObject


class RenderedObject(msgspec.Struct, frozen=True, kw_only=True):
    """Raw passes and metadata of one object, in `scratch`."""

    fetched: FetchedObject
    scratch: Path
    answer: Rendered
