"""What was rendered, and no longer stands in the store as it was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from worker import keys
from worker.ledger.outcome import Outcome
from worker.ledger.reader import READERS
from worker.stores.base import Store


def lost(store: Store, outcomes: Iterable[Outcome]) -> set[str]:
    """The uids of these outcomes whose zip is gone or of another size; a request each.

    Raises: StoreError.
    """

    def stands(outcome: Outcome) -> bool:
        stat = store.stat(keys.render_zip(outcome.uid))
        return stat is not None and outcome.size in {None, stat.size}

    rendered = [outcome for outcome in outcomes if outcome.outcome == "rendered"]
    with ThreadPoolExecutor(READERS, "lost") as pool:
        found = pool.map(stands, rendered)
        return {outcome.uid for outcome, whole in zip(rendered, found, strict=True) if not whole}
