"""What was rendered, and no longer stands in the store as it was recorded."""

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
"""Requests between two looks at whether to stop: a second or so of a slow store's."""


def lost(store: Store, outcomes: Iterable[Outcome], stopped: Callable[[], bool]) -> set[str]:
    """The uids of these outcomes whose zip is gone or of another size; a request each.

    What has not been looked at when `stopped` becomes true counts as there.

    Raises: StoreError.
    """

    def stands(outcome: Outcome) -> bool:
        stat = store.stat(keys.render_zip(outcome.uid))
        return stat is not None and outcome.size in {None, stat.size}

    rendered = [outcome for outcome in outcomes if outcome.outcome == "rendered"]
    log.info("looking for zips that are gone", zips=len(rendered))
    found = set()
    with ThreadPoolExecutor(READERS, "lost") as pool:
        for start in range(0, len(rendered), BLOCK):
            if stopped():
                break
            block = rendered[start : start + BLOCK]
            for outcome, whole in zip(block, pool.map(stands, block), strict=True):
                if not whole:
                    found.add(outcome.uid)
    return found
