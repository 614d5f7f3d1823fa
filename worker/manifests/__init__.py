"""The manifests: ``job.json`` of an output, ``export.json`` of a data set, ``fetch.json``.

A manifest binds a store to the inputs and versions of what is made there. The first worker writes
it; it is never changed.
"""

from worker.manifests.export import ExportManifest
from worker.manifests.fetch import FetchManifest
from worker.manifests.output import OutputManifest

__all__ = ["ExportManifest", "FetchManifest", "OutputManifest"]
