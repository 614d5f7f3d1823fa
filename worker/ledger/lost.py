"""Finds rendered objects whose zip is missing from the store, or has another size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import Final

import structlog

from worker.core import keys
from worker.core.ordered_map import ordered_map
from worker.ledger.outcome import Outcome
from worker.ledger.reader import READERS
from worker.stores.base import Store

log = structlog.get_logger(__name__)

AHEAD: Final = 4 * READERS
"""Requests under way or answered when a stop is asked for: they are still waited for."""


def lost(
    store: Store, outcomes: Iterable[Outcome], stopped: Callable[[], bool], *, prefix: int = 0
) -> set[str]:
    """The uids of rendered outcomes whose zip is missing or has another size.

    Makes one request per zip. Zips not yet checked when `stopped` becomes true count as present.
    prefix: see `keys.render_zip`.

    Raises: StoreError.
    """

    def gone(outcome: Outcome) -> str | None:
        stat = store.stat(keys.render_zip(outcome.uid, prefix))
        return outcome.uid if stat is None or outcome.size not in {None, stat.size} else None

    rendered = [outcome for outcome in outcomes if outcome.outcome == "rendered"]
    log.info("looking for zips that have disappeared", zips=len(rendered))
    asked = takewhile(lambda _: not stopped(), rendered)
    looked = ordered_map(gone, asked, threads=READERS, ahead=AHEAD, name="lost")
    return {uid for uid in looked if uid is not None}
