"""A gallery of 10,000 objects: how little of it a browser holds and loads."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver.common.keys import Keys

from tests.integration.gallery import outputs
from worker.export.source import Source
from worker.report.site import SiteOptions, build
from worker.report.site.builder import PACK
from worker.stores import open_store

OBJECTS = 10_000
MOST = 150
"""More cards than any screen of the tests' size needs."""

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def large(browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    source = Source(open_store(str(outputs.many(folder / "out", OBJECTS))))
    built = build(source, open_store(str(folder / "site")), SiteOptions(pages=1))
    assert (built.objects, built.pages, built.more) == (OBJECTS, 1, False)
    return folder / "site"


@pytest.fixture
def page(browser, large):
    browser.open((large / "index.html").as_uri())
    yield browser
    assert browser.said() == []


def held(browser):
    """The cards that exist."""
    return browser.js("return document.querySelectorAll('.card').length")


def thumbnails(browser):
    """The packs whose thumbnails were asked for."""
    return [int(re.search(r"-(\d+)\.webp", url)[1]) for url in browser.requests()
            if "thumbnails" in url]  # fmt: skip


def seen_number(browser):
    """The place of the first card in sight, from 1; 0 while a scroll has left none there."""
    return browser.js(
        "return [...document.querySelectorAll('#cards .item')].filter("
        "(e) => e.getBoundingClientRect().bottom > 60).map("
        "(e) => Number(e.getAttribute('aria-posinset'))).sort((a, b) => a - b)[0] ?? 0"
    )


def test_only_what_is_in_sight_exists_and_is_loaded(page):
    page.seen(".sprite")
    assert page.texts(".tally") == ["10,000 objects"]
    assert 10 <= held(page) <= MOST
    assert set(thumbnails(page)) == {0}
    middle = "return document.documentElement.scrollHeight / 2"
    page.js("scrollTo(0, arguments[0])", page.js(middle))
    page.wait(lambda: seen_number(page) > OBJECTS / 3)
    assert held(page) <= MOST
    loaded = set()
    page.wait(lambda: loaded.update(thumbnails(page)) or loaded)
    page.wait(lambda: page.js("return document.querySelectorAll('.sprite').length") > 0)
    loaded.update(thumbnails(page))
    assert len(loaded) <= 1 + MOST // PACK + 1
    assert 0 not in loaded


def test_the_last_is_reached_by_a_key(page):
    page.js("document.querySelector('#cards .card').focus()")
    page.driver.switch_to.active_element.send_keys(Keys.END)
    at = "return document.activeElement.parentNode.getAttribute('aria-posinset')"
    assert page.js(at) == str(OBJECTS)
    assert page.js("return document.activeElement.parentNode.getAttribute('aria-setsize')") == str(
        OBJECTS
    )
    assert held(page) <= MOST
    page.driver.switch_to.active_element.send_keys(Keys.HOME)
    assert page.js(at) == "1"


def test_search_finds_one_among_all(page):
    page.one("#search").send_keys("object 07777")
    page.wait(lambda: page.texts(".tally") == ["1 of 10,000 objects"])
    assert page.texts(".card .name") == ["object 07777.glb"]


def test_failures_are_listed_in_parts(page):
    page.js("location.hash = 'failures'")
    page.seen(".failure")
    assert page.texts(".panel h2 .number") == ["1,000 objects"]
    assert page.js("return document.querySelectorAll('.failure').length") == 50
    page.click(".some > .plain")
    page.wait(lambda: page.js("return document.querySelectorAll('.failure').length") == 100)
