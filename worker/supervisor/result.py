"""The result of rendering one object."""

from __future__ import annotations

from pathlib import Path

import msgspec

from worker.contract.protocol import Rendered
from worker.sources.base import FetchedObject


class RenderedObject(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered object: its raw passes are in `scratch`, its metadata in `answer`."""

    fetched: FetchedObject
    scratch: Path
    answer: Rendered
