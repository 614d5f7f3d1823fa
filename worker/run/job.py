"""The settings of a run: what to render, how, as which rank and within which limits."""

from __future__ import annotations

import msgspec

from worker.contract.recipe import Recipe
from worker.core.ranks import Rank
from worker.index.selection import Selection
from worker.manifests import OutputManifest


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects of an index one worker takes."""

    rank: Rank
    only: Selection = Selection()
    """The objects to take; a manifest binds the whole index all the same."""
    limit: int | None = None
    """Maximum number of objects."""
    retry: frozenset[str] = frozenset()
    """Failure codes to retry although a retry is unlikely to help."""
    render_new: bool = False
    """Also render models found in a repository but missing from the index."""
    layout_prefix: int = 0
    """See `OutputManifest.layout_prefix`."""


class Job(FeedSettings, frozen=True, kw_only=True):
    """The settings of a run, resolved once at its start."""

    objects: int
    """Objects in the whole index."""
    index_digest: str
    """sha256 of the index; binds the output to its objects."""
    preset_digest: str
    """sha256 of the whole recipe, overrides included; binds the output to its settings."""
    recipe: Recipe
    download_workers: int = 4

    def manifest(self, blender: str) -> OutputManifest:
        """The manifest of a new output of this job, rendered by this version of Blender."""
        return OutputManifest.of(
            self.recipe,
            preset=self.preset_digest,
            index=self.index_digest,
            objects=self.objects,
            blender=blender,
            layout_prefix=self.layout_prefix,
        )
