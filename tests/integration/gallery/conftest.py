"""A browser, and galleries to open in it."""

import pytest

from tests.integration.gallery import outputs
from tests.tools.chromium import chromium
from worker.export.source import Source
from worker.report.site import SiteOptions, build
from worker.stores import open_store


@pytest.fixture(scope="session")
def browser():
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
