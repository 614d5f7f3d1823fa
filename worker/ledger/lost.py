"""Finds objects whose file is missing from the store or not the same: zips, and downloads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Final

import structlog

from worker.core import keys
from worker.core.ordered_map import ordered_map
from worker.ledger.outcome import Outcome
from worker.ledger.reader import READERS
from worker.sources.base import KeptObject
from worker.stores.base import Store

log = structlog.get_logger(__name__)

AHEAD: Final = 4 * READERS
"""Requests under way or answered when a stop is asked for: they are still waited for."""


def lost(
    store: Store, outcomes: Iterable[Outcome], stopped: Callable[[], bool], *, prefix: int = 0
) -> set[str]:
    """The uids of rendered outcomes whose zip is missing or has another size.

    Of fetched ones, those with an archive that is missing or has other bytes.

    Makes one request per file. Those not yet checked when `stopped` becomes true count as present.
    prefix: see `keys.render_zip`.

    Raises: StoreError.
    """

    def gone(outcome: Outcome) -> str | None:
        if outcome.outcome == "fetched":
            changed = any(_is_changed(store, kept) for kept in outcome.kept)
            return outcome.uid if changed else None
        stat = store.stat(keys.render_zip(outcome.uid, prefix))
        return outcome.uid if stat is None or outcome.size not in {None, stat.size} else None

    kept = [outcome for outcome in outcomes if outcome.outcome in {"rendered", "fetched"}]
    log.info("looking for files that have disappeared", objects=len(kept))
    asked = takewhile(lambda _: not stopped(), kept)
    looked = ordered_map(gone, asked, threads=READERS, ahead=AHEAD, name="lost")
    return {uid for uid in looked if uid is not None}


def _is_changed(store: Store, kept: KeptObject) -> bool:
    if not kept.key:
        return False
    stat = store.stat(kept.key)
    return stat is None or stat.sha256 not in {None, kept.archive}
