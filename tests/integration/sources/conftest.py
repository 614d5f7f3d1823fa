"""What the tests of the sources share."""

import pytest
import stamina

from tests.integration.sources.hub import Hub
from tests.integration.sources.servers import Web
from tests.patience import HANG_S
from worker.core.destinations import AllowedHosts
from worker.index.list_rules import ListRules
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher

RULES = ListRules(hosts=AllowedHosts(("127.0.0.1",)))


@pytest.fixture(autouse=True)
def _no_pauses():
    """As many tries as configured, without the random pauses between them."""
    with stamina.set_testing(testing=True, attempts=100, cap=True):
        yield


@pytest.fixture
def web():
    with Web() as server:
        yield server


@pytest.fixture
def hub(tmp_path, monkeypatch):
    return Hub(tmp_path, monkeypatch)


@pytest.fixture
def make_fetcher(tmp_path):
    """Make a Fetcher with small limits; keyword arguments are FetchLimits' or the Fetcher's.

    The servers of the tests are on loopback, where a list may not lead unless it is allowed.
    """

    def make(*, keep=None, s3=None, rules=RULES, downloads=None, **limits):
        chosen = FetchLimits(
            **{"max_bytes": 1_000_000, "timeout_s": HANG_S, "attempts": 3, **limits}
        )
        return Fetcher(
            tmp_path / "scratch", limits=chosen, keep=keep, s3=s3, rules=rules, downloads=downloads
        )  # fmt: skip

    return make


@pytest.fixture
def leftovers(tmp_path):
    """What still lies in the scratch folder's working places."""

    def list_():
        base = tmp_path / "scratch"
        return sorted(
            path.relative_to(base).as_posix()
            for part in ("objects", "repositories")
            for path in (base / part).rglob("*")
        )

    return list_
