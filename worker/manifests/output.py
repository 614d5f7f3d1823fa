"""``job.json`` binds an output to its index, its recipe and the programs that render it."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from worker import __version__
from worker.contract import recipe as recipes
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.manifests.base import BLENDER, VERSION, WORKER, Manifest, short
from worker.stores.base import Store


class OutputManifest(Manifest, frozen=True, kw_only=True):
    """The manifest of an output of renders."""

    KEY = keys.JOB
    FORMAT = keys.JOB_FORMAT
    WHAT = "a job"
    PLACE = "output"
    ELSEWHERE = "another --output"
    OTHERS: ClassVar = {
        keys.EXPORT: "a data set made from renders; render to another --output",
        keys.FETCH: "a place of downloads; render to another --output",
    }
    PROGRAMS: ClassVar = {WORKER: "worker", BLENDER: "blender"}

    index: str
    """sha256 of the index."""
    objects: int
    """Number of objects in the index."""
    preset: str
    """sha256 of the recipe, overrides included."""
    preset_name: str
    recipe: dict[str, Any]
    worker: str
    """Version of the worker that began the output."""
    blender: str
    """Version of the Blender that began the output, as Blender reports it."""
    layout_prefix: int | msgspec.UnsetType = msgspec.UNSET
    """Zips are in folders named after so many first characters of their uids. Unset: in one."""

    @property
    def prefix(self) -> int:
        """`layout_prefix`, or 0."""
        return 0 if isinstance(self.layout_prefix, msgspec.UnsetType) else self.layout_prefix

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        *,
        preset: str,
        index: str,
        objects: int,
        blender: str,
        layout_prefix: int = 0,
    ) -> OutputManifest:
        """The manifest that this worker writes to a new output."""
        return cls(
            format=cls.FORMAT, version=VERSION, index=index, objects=objects, preset=preset,
            preset_name=recipe.name, recipe=recipes.to_dict(recipe), worker=__version__,
            blender=blender, layout_prefix=layout_prefix or msgspec.UNSET,
        )  # fmt: skip

    @classmethod
    def check(
        cls,
        store: Store,
        *,
        index: str,
        preset: str,
        layout_prefix: int | None = None,
        mix_versions: bool = False,
    ) -> OutputManifest | None:
        """The manifest, if there is one; refuse another index, recipe, layout or worker.

        layout_prefix: None for whatever the output has.
        The version of Blender is checked by `bind`, after Blender has started.

        Raises: OutputMismatch, StoreError.
        """
        cls.check_kind(store)
        found = cls.read(store)
        if found is None:
            return None
        found.check_versions(store, {WORKER: __version__}, mix_versions=mix_versions)
        found.check_index(store, index)
        found.check_preset(store, preset)
        if layout_prefix is not None:
            found.check_layout(store, layout_prefix)
        return found

    def check_asked(self, store: Store, asked: OutputManifest) -> None:
        """Refuse another index, recipe or layout. Raises: OutputMismatch."""
        self.check_index(store, asked.index)
        self.check_preset(store, asked.preset)
        self.check_layout(store, asked.prefix)

    def check_layout(self, store: Store, prefix: int) -> None:
        """Refuse another `layout_prefix`. Raises: OutputMismatch."""
        self.check_same(store, "--layout-prefix", self.prefix, prefix)

    def check_index(self, store: Store, digest: str) -> None:
        """Refuse an index with another digest. Raises: OutputMismatch."""
        self.check_same(store, "index", self.index, digest, short)

    def check_preset(self, store: Store, digest: str) -> None:
        """Refuse a recipe with another digest. Raises: OutputMismatch."""
        what = f"preset (it was made with '{self.preset_name}')"
        self.check_same(store, what, self.preset, digest, short)
