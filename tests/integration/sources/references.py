"""References to objects, as an index gives them to the fetcher."""

from __future__ import annotations

import hashlib

from worker.index.record import ObjectRef


def at(identifier, data=None, **more):
    """A reference to `identifier`, with the hash of `data`."""
    sha256 = None if data is None else hashlib.sha256(data).hexdigest()
    return ObjectRef(file_identifier=identifier, sha256=sha256, **more)
