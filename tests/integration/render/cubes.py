"""Small real models for the children of a pool, and how long these may take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.patience import PATIENT
from worker import presets
from worker.contract.protocol import Phase
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject
from worker.supervisor import canary
from worker.supervisor.pool import Pool

RECIPE = presets.load("default", ["views=2", "resolution=16", "samples=1"])


def model(folder: Path, name: str) -> FetchedObject:
    """A cube called `name`.obj."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.obj"
    path.write_text(canary.CUBE)
    return FetchedObject(
        ref=ObjectRef(file_identifier=path.name),
        root=folder,
        model=path.name,
        sha256="0" * 64,
        size=path.stat().st_size,
    )


def hurried(pool: Pool, where: str, **limits: float) -> Callable[[Phase], None]:
    """For `Pool.render`: these limits while a fault strikes in the phase `where`, else patience."""

    def on_phase(told: Phase) -> None:
        strikes = told.phase == where and told.view in {-1, 1}
        watch = pool.children[0].watch
        watch.limits = msgspec.structs.replace(PATIENT, **(limits if strikes else {}))
        watch.enter(told.phase)

    return on_phase
