"""Finds rendered objects whose zip is missing from the store, or has another size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from worker.core import keys
from worker.ledger.outcome import Outcome
from worker.ledger.reader import READERS
from worker.stores.base import Store

log = structlog.get_logger(__name__)

BLOCK: Final = 20 * READERS
"""Requests between two checks of `stopped`: about a second for a slow store."""


def lost(store: Store, outcomes: Iterable[Outcome], stopped: Callable[[], bool]) -> set[str]:
    """The uids of rendered outcomes whose zip is missing or has another size.

    Makes one request per zip. Zips not yet checked when `stopped` becomes true count as present.

    Raises: StoreError.
    """

    def present(outcome: Outcome) -> bool:
        stat = store.stat(keys.render_zip(outcome.uid))
        return stat is not None and outcome.size in {None, stat.size}

    rendered = [outcome for outcome in outcomes if outcome.outcome == "rendered"]
    log.info("looking for lost zips", zips=len(rendered))
    found = set()
    with ThreadPoolExecutor(READERS, "lost") as pool:
        for start in range(0, len(rendered), BLOCK):
            if stopped():
                break
            block = rendered[start : start + BLOCK]
            for outcome, is_present in zip(block, pool.map(present, block), strict=True):
                if not is_present:
                    found.add(outcome.uid)
    return found
