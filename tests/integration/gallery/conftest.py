"""A browser, and galleries to open in it."""

import os

import pytest

from tests.integration.gallery import outputs
from tests.tools.chromium import chromium, missing
from worker.export.source import Source
from worker.report.site import SiteOptions, build
from worker.stores import open_store

MUST_RUN = "BROWSER_MUST_RUN"
"""The environment variable that makes a missing browser a failure."""


@pytest.fixture(scope="session")
def browser():
    if why := missing():
        (pytest.fail if os.environ.get(MUST_RUN) else pytest.skip)(why)
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def output(tmp_path_factory):
    """An output of hostile names, failures and a damaged zip."""
    return outputs.shown(tmp_path_factory.mktemp("shown") / "out")


@pytest.fixture(scope="session")
def site(output, tmp_path_factory):
    """Its gallery's folder."""
    folder = tmp_path_factory.mktemp("site")
    build(Source(open_store(str(output))), open_store(str(folder)), SiteOptions(pages=6, views=2))
    return folder
