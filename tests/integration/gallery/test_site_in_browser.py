"""The gallery in a real Chromium: what it shows, how it is used, and what it must not do."""

from __future__ import annotations

import functools
import http.server
import re
import threading

import pytest
from selenium.webdriver.common.keys import Keys

from tests.integration.gallery import outputs
from tests.patience import until
from worker.core import keys
from worker.report.site.readable import KINDS

NAMED = ("models/plain.glb", "models/other.obj")
PLAIN, OTHER = map(keys.uid_of, NAMED)
BAD = keys.uid_of("models/bad.glb")
LOST = keys.uid_of("models/lost.glb")
HARM = "return [window.harm, ({}).harm, document.querySelectorAll('#part img, #part b').length]"


@pytest.fixture
def page(browser, site):
    """The gallery, opened from its folder."""
    browser.open((site / "index.html").as_uri())
    yield browser
    assert browser.said() == []
    assert browser.js("return [window.harm, ({}).harm]") == [None, None]


@pytest.fixture
def at(browser, site):
    """A function that opens the gallery at a fragment."""

    def open_at(fragment):
        browser.open(f"{(site / 'index.html').as_uri()}#{fragment}")
        return browser

    yield open_at
    assert browser.said() == []


def cards(browser):
    return browser.js("return [...document.querySelectorAll('#cards .card')].map("
                      "(card) => card.dataset.uid)")  # fmt: skip


def tally(browser):
    return browser.texts(".tally")[0]


def check(browser, facet, value):
    browser.click(f'fieldset[data-facet="{facet}"] input[data-value="{value}"]')


def slide(browser, selector, value):
    browser.js(
        "const it = document.querySelectorAll(arguments[0])[arguments[1]]; it.value = arguments[2];"
        "it.dispatchEvent(new Event('input', { bubbles: true }))", *selector, value,
    )  # fmt: skip


def shows(browser, *uids):
    browser.wait(lambda: set(cards(browser)) == set(uids))


def test_every_object_has_a_card_and_hostile_names_are_text(page):
    assert len(cards(page)) == len(outputs.HOSTILE) + 4
    assert tally(page) == "9 objects"
    names = page.texts(".card .name")
    assert "\"><img src=x onerror='window.harm=2'>.obj" in names
    assert "__proto__" in names
    assert "�blg.txet���.ply" in names
    assert page.js(HARM) == [None, None, 0]
    assert page.js("return document.querySelectorAll('main script, aside script').length") == 0


def test_nothing_is_asked_for_but_the_gallerys_files(page, site):
    for part in ("failures", "duplicates", "numbers", f"object/{PLAIN}", "objects"):
        page.js("location.hash = arguments[0]", part)
        page.seen("#object .viewer" if part.startswith("object/") else "main *")
    home = site.as_uri() + "/"
    outside = [url for url in page.requests()
               if not url.startswith((home, "data:", "about:blank"))]  # fmt: skip
    assert outside == []


def test_a_page_that_wants_the_network_does_not_get_it(page):
    blocked = page.driver.execute_async_script(
        "const done = arguments[0];"
        "document.addEventListener('securitypolicyviolation', (e) => done(e.violatedDirective));"
        "fetch('http://127.0.0.1:9/x').catch(() => {})"
    )
    assert blocked == "connect-src"
    assert any("Content Security Policy" in text for text in page.said())


def test_filters(page):
    check(page, "outcome", "failed")
    shows(page, BAD)
    assert tally(page) == "1 of 9 objects"
    check(page, "outcome", "failed")
    check(page, "format", "obj")
    check(page, "license", "by")
    shows(page, keys.uid_of(outputs.HOSTILE[1]))
    page.click("#clear")
    page.wait(lambda: len(cards(page)) == 9)
    check(page, "code", "import")
    shows(page, BAD)
    page.click("#clear")
    check(page, "remarks", "cannot be read")
    shows(page, LOST)


def test_coverage_and_brightness_are_ranges(page):
    slide(page, ('[data-range="coverage"]', 0), 55)
    shows(page, OTHER)
    page.click("#clear")
    slide(page, ('[data-range="brightness"]', 0), 35)
    slide(page, ('[data-range="brightness"]', 1), 45)
    shows(page, keys.uid_of(outputs.HOSTILE[4]))


def test_search_and_sort(page):
    page.one("body").send_keys("/")
    assert page.js("return document.activeElement.id") == "search"
    page.driver.switch_to.active_element.send_keys("PLAIN glb")
    shows(page, PLAIN)
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.wait(lambda: len(cards(page)) == 9)
    page.driver.switch_to.active_element.send_keys(PLAIN[:13])
    shows(page, PLAIN)
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    page.js("const it = document.getElementById('sort'); it.value = 'seconds';"
            "it.dispatchEvent(new Event('change'))")  # fmt: skip
    slow_last = [*map(keys.uid_of, (*outputs.HOSTILE, *NAMED))]
    page.wait(lambda: [uid for uid in cards(page) if uid in slow_last] == slow_last)
    page.click("#direction")
    page.wait(lambda: [uid for uid in cards(page) if uid in slow_last] == slow_last[::-1])


def test_the_keyboard_alone(page):
    first, second = cards(page)[:2]
    page.js("document.querySelector('#cards .card').focus()")
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert page.js("return document.activeElement.dataset.uid") == second
    page.driver.switch_to.active_element.send_keys(Keys.HOME)
    assert page.js("return document.activeElement.dataset.uid") == first
    page.driver.switch_to.active_element.send_keys(Keys.END)
    assert page.js("return document.activeElement.dataset.uid") == cards(page)[-1]
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.seen("#object h1")
    page.wait(lambda: page.js("return document.activeElement.tagName") == "H1")
    page.driver.switch_to.active_element.send_keys("p")
    page.wait(lambda: page.js("return gallery.object.shown") == cards_before_last(page))
    page.one("#object h1").send_keys(Keys.ESCAPE)
    page.seen("#cards .card")
    back = "return document.activeElement.closest('.item .card')?.dataset.uid"
    page.wait(lambda: page.js(back) == cards_before_last(page))
    focused = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.js(f"return {focused}") == "solid"


def cards_before_last(browser):
    return browser.js("return gallery.cards.list.at(-2).uid")


def test_controls_have_names_and_pictures_have_words(at):
    for part in ("objects", "failures", "numbers", "duplicates", f"object/{PLAIN}"):
        browser = at(part)
        browser.seen("#object .viewer" if "/" in part else "main *")
        nameless = browser.js("""
          const named = (e) => e.getAttribute("aria-label") || e.textContent.trim()
            || e.closest("label")?.textContent.trim() || e.alt;
          return [...document.querySelectorAll("a, button, input, select, img, svg, canvas")]
            .filter((e) => e.offsetParent !== null || e.tagName === "svg").filter((e) => !named(e))
            .map((e) => e.outerHTML)""")
        assert nameless == []


def test_an_objects_page_shows_every_kind_and_every_view(at, site):
    browser = at(f"object/{PLAIN}")
    browser.seen("#object .viewer")
    kinds = browser.js("return [...document.querySelectorAll('.kind')].map((e) => e.dataset.kind)")
    assert kinds == [kind for kind in KINDS if kind in outputs.KINDS]
    loaded = "return [...document.querySelectorAll('#object img')].map((e) => e.naturalWidth)"
    browser.js("document.querySelectorAll('#object img').forEach((e) => { e.loading = 'eager' })")
    browser.wait(lambda: all(browser.js(loaded)))
    slider = browser.one(".slide input")
    assert slider.get_attribute("max") == "1"
    slider.send_keys(Keys.ARROW_RIGHT)
    browser.wait(lambda: browser.one(".large").get_attribute("src").endswith("/001-colour.webp"))
    browser.click('.kind[data-kind="depth"]')
    browser.wait(lambda: "001-depth.webp" in browser.one(".large").get_attribute("src"))
    assert re.search(r"red \d\.\d+ to blue \d\.\d+ world units", browser.one("#object").text)
    browser.click("#object h1")
    browser.one("body").send_keys(Keys.ARROW_UP)
    browser.wait(lambda: "colour-exr" in browser.one(".large").get_attribute("src"))
    assert "plain.glb: colour (EXR), view 001" in browser.one(".large").get_attribute("alt")


def test_cameras_and_points_are_drawn(at):
    browser = at(f"object/{PLAIN}")
    browser.seen("canvas[data-drawn]")
    inks = """
      const it = document.querySelector("canvas"), gl = it.getContext("webgl2");
      const data = new Uint8Array(4 * gl.drawingBufferWidth * gl.drawingBufferHeight);
      gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA,
        gl.UNSIGNED_BYTE, data);
      const found = { drawn: 0, red: 0, blue: 0, sum: 0 };
      for (let at = 0; at < data.length; at += 4) {
        const [r, g, b, a] = data.slice(at, at + 4);
        if (a > 200) { found.drawn += 1; found.sum += (at % 9973) * (r + 2 * g + 3 * b); }
        if (a > 200 && r > 1.6 * g && r > 1.6 * b) found.red += 1;
        if (a > 200 && b > 1.3 * r && b > g) found.blue += 1;
      }
      return found;"""
    seen = browser.js(inks)
    assert min(seen["drawn"], seen["red"], seen["blue"]) > 50
    browser.one("canvas").send_keys(Keys.ARROW_LEFT)
    browser.wait(lambda: browser.js(inks)["sum"] != seen["sum"])
    assert "3 cameras around the object" in browser.one("canvas").get_attribute("aria-label")


def test_a_failure_has_its_reason_its_log_and_its_attempts(at):
    browser = at("failures")
    browser.click(f'.failure[data-uid="{BAD}"] summary')
    log = browser.one(".failure .log").text
    assert "Error: cannot open …/bad.glb" in log
    assert "https://host.test/a/bad.glb" in log
    assert "<b>bold</b>" in browser.one(f'.failure[data-uid="{BAD}"]').text
    browser.click(f'.failure a[href="#object/{BAD}"]')
    browser.seen("#object table")
    rows = browser.texts("#object tbody tr")
    assert len(rows) == 2
    assert "failed download" in rows[0]
    assert "failed import" in rows[1]
    assert f"--only {BAD}" in browser.one(".command").text


def test_a_damaged_zip_says_so(at):
    assert "is not a complete zip" in at(f"object/{LOST}").one(".alarm").text


def test_duplicates_are_side_by_side(at):
    browser = at("duplicates")
    groups = browser.js(
        "return [...document.querySelectorAll('.side')].map((side) => "
        "[...side.querySelectorAll('.card')].map((card) => card.dataset.uid))"
    )
    ours = [keys.uid_of(name) for name in (*outputs.HOSTILE, *NAMED)]
    alike = [{uid for number, uid in enumerate(ours) if number % 4 // 2 == part} for part in (0, 1)]
    assert [set(group) for group in groups] == sorted(alike, key=len, reverse=True)


def test_histograms(at):
    browser = at("numbers")
    browser.seen(".chart")
    charts = browser.js(
        "return [...document.querySelectorAll('.chart')].map((e) => e.dataset.chart)"
    )
    assert {"coverage", "brightness", "seconds", "faces", "size"} <= set(charts)
    words = browser.one('.chart[data-chart="seconds"] svg').get_attribute("aria-label")
    assert words == "Seconds for an object: 9 values from 0.50 s to 7.0 s, median 3.0 s"


def test_what_does_not_exist_leads_to_all_objects(at):
    assert len(cards(at("object/00000000-0000-0000-0000-000000000000"))) == 9
    assert len(cards(at("object/../../x"))) == 9


@pytest.fixture
def served(site):
    """The site's address on a web server."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_from_a_web_server(browser, served):
    browser.open(served + "index.html")
    assert len(cards(browser)) == 9
    browser.js("location.hash = arguments[0]", f"object/{PLAIN}")
    browser.seen("canvas[data-drawn]")
    urls = [url for url in browser.requests() if not url.startswith(("data:", "about:"))]
    assert all(url.startswith(served) for url in urls)
    assert browser.said() == []


def test_the_dark_scheme(browser, site):
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    try:
        browser.open((site / "index.html").as_uri())
        paint = "return getComputedStyle(document.documentElement).backgroundColor"
        until(lambda: browser.js(paint) == "rgb(21, 24, 29)")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_no_secret_and_no_folder_of_this_machine_is_in_the_site(site, output):
    texts = {
        path.name: path.read_text()
        for path in site.rglob("*")
        if path.suffix in {".js", ".html", ".toml"} and path.name != "three.min.js"
    }
    assert len(texts) > 10
    for secret in ("hunter2", outputs.SECRET, "Amz", "somebody", str(output), str(output.parent)):
        assert [name for name, text in texts.items() if secret in text] == []


def test_a_card_keeps_the_focus_when_the_list_is_drawn_anew(page):
    uid = cards(page)[1]
    page.js("document.querySelectorAll('#cards .card')[1].focus()")
    focused = "return document.activeElement.closest('.item .card')?.dataset.uid"
    page.js("gallery.rows.sort('name', false); dispatchEvent(new HashChangeEvent('hashchange'))")
    page.wait(lambda: page.js(focused) == uid)
    page.driver.set_window_size(900, 900)
    try:
        page.wait(lambda: page.js("return innerWidth") < 1000)
        page.wait(lambda: page.js(focused) == uid)
    finally:
        page.driver.set_window_size(1400, 900)
