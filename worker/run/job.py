"""A run, frozen: what to render, how, as whom, within what limits."""

from __future__ import annotations

import msgspec

from worker.contract.recipe import Recipe
from worker.core.ranks import Rank
from worker.manifests import OutputManifest


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a run was asked for, resolved once at the start."""

    objects: int
    """Objects in the whole index."""
    index_digest: str
    """sha256 of the index; binds the output to its objects."""
    preset_digest: str
    """sha256 of the whole recipe, overrides included; binds the output to its settings."""
    recipe: Recipe
    rank: Rank
    limit: int | None = None
    """At most this many objects are taken."""
    retry: frozenset[str] = frozenset()
    """Failure codes to try again although a retry is not expected to help."""
    render_new: bool = False
    """Also render models that a repository holds but the index does not name."""
    download_workers: int = 4

    def manifest(self, blender: str) -> OutputManifest:
        """What binds a new output to this job, rendered by this version of Blender."""
        return OutputManifest.of(
            self.recipe,
            preset=self.preset_digest,
            index=self.index_digest,
            objects=self.objects,
            blender=blender,
        )
