"""What binds a place to what is made there: ``job.json`` of renders, ``export.json`` of a data set.

A manifest is written once, by the first worker that gets there, and never changed.
"""

from worker.manifests.export import ExportManifest
from worker.manifests.output import OutputManifest

__all__ = ["ExportManifest", "OutputManifest"]
