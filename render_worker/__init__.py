"""Reads what render-worker has rendered, as arrays.

    from render_worker import open_output

    for obj in open_output("out"):  # or s3://bucket/prefix, or one zip
        for view in obj.views:
            view.colour, view.depth, view.K, view.c2w_opencv

It needs numpy and Pillow; OpenEXR to decode EXR images, boto3 for S3, pandas for `to_dataframe`,
and torch for `render_worker.torch`. It imports nothing of the worker.
"""

from render_worker.errors import (
    DamagedZip,
    MissingData,
    MissingLibrary,
    PlaceError,
    ReadError,
    UnknownObject,
)
from render_worker.ledger import Outcome
from render_worker.mesh import Mesh
from render_worker.omage import Omage
from render_worker.output import Objects, Output, open_output
from render_worker.rendered import RenderedObject
from render_worker.scenes import Sample
from render_worker.shards import Shards, from_shards
from render_worker.view import View

__all__ = [
    "DamagedZip", "Mesh", "MissingData", "MissingLibrary", "Objects", "Omage", "Outcome", "Output",
    "PlaceError", "ReadError", "RenderedObject", "Sample", "Shards", "UnknownObject", "View",
    "from_shards", "open_output",
]  # fmt: skip
