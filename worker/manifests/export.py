"""``export.json`` binds a data set to its kind, its options and the output it is made from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

import msgspec

from worker import __version__
from worker.core import keys
from worker.core.errors import OutputMismatch
from worker.manifests.base import VERSION, WORKER, Manifest, short
from worker.manifests.output import OutputManifest
from worker.stores.base import Store


class ExportManifest(Manifest, frozen=True, kw_only=True):
    """The manifest of a data set."""

    KEY = keys.EXPORT
    FORMAT = keys.EXPORT_FORMAT
    WHAT = "an export"
    PLACE = "data set"
    ELSEWHERE = "another --to"
    OTHERS: ClassVar = {
        keys.JOB: "an output of renders; export to another --to",
        keys.FETCH: "a place of downloads; export to another --to",
    }
    PROGRAMS: ClassVar = {WORKER: "worker"}

    kind: str
    options: dict[str, Any]
    index: str
    preset: str
    preset_name: str
    objects: str | None = None
    """sha256 of all objects if they share files, because another object would change the files; of
    a ledger of many parts, "ledger:" and the sha256 of its listing."""
    only: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """The patterns of `--only`, sorted, without doubles. Unset: every object, or a data set of an
    older version, which did not record them."""
    worker: str

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns of `--only`; none for every object."""
        return () if isinstance(self.only, msgspec.UnsetType) else self.only

    @classmethod
    def of(
        cls,
        kind: str,
        options: dict[str, Any],
        renders: OutputManifest,
        objects: str | None,
        only: Collection[str] = (),
    ) -> ExportManifest:
        """The manifest of a new data set of `kind` with `options`, made from `renders`.

        only: patterns of the objects that it is made of; none for every object.
        """
        return cls(
            format=cls.FORMAT, version=VERSION, kind=kind, options=options, index=renders.index,
            preset=renders.preset, preset_name=renders.preset_name, objects=objects,
            only=tuple(sorted(set(only))) or msgspec.UNSET, worker=__version__,
        )  # fmt: skip

    def check_asked(self, store: Store, asked: ExportManifest) -> None:
        """Refuse another kind, other options, selection or renders. Raises: OutputMismatch."""
        self.check_same(store, "kind", self.kind, asked.kind)
        self.check_same(store, "options", self.options, asked.options)
        self.check_same(store, "selection", self.patterns, asked.patterns, _selection)
        self.check_renders(store, asked)
        if self.objects != asked.objects:
            raise OutputMismatch(
                f"{self.where(store)}: more objects were rendered since this data set was begun, "
                "and its files contain many objects each; export to another --to"
            )

    def check_renders(self, store: Store, renders: OutputManifest | ExportManifest) -> None:
        """Refuse renders of another index or recipe. Raises: OutputMismatch."""
        self.check_same(store, "index of the renders", self.index, renders.index, short)
        self.check_same(store, "preset of the renders", self.preset, renders.preset, short)


def _selection(patterns: Collection[str]) -> str:
    """A selection for messages."""
    return " ".join(f"--only {pattern!r}" for pattern in patterns) or "every object"
