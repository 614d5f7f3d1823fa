"""A real Chromium without a window, driven through its own driver, that says what it asked for."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.patience import until

ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,900",
    "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--no-first-run", "--force-device-scale-factor=1",
)  # fmt: skip


class Chromium:
    """A browser and what it did: its requests and its console's messages."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        """Open a page of the gallery, and wait until all its rows have arrived."""
        self.forget()
        self.driver.get("about:blank")
        self.driver.get(url)
        until(lambda: self.js("return document.documentElement.dataset.ready") == "yes", self.said)

    def forget(self) -> None:
        """Forget requests and messages so far."""
        self._log("performance")
        self._log("browser")

    def _log(self, kind: str) -> list[dict[str, Any]]:
        driver: Any = self.driver  # Selenium leaves this method untyped
        entries: list[dict[str, Any]] = driver.get_log(kind)
        return entries

    def js(self, code: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.driver.execute_script(code, *arguments)

    def all(self, css: str) -> list[WebElement]:
        """The elements that match."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def seen(self, css: str) -> list[WebElement]:
        """The elements that match and are displayed, once there is one."""
        found: list[WebElement] = []

        def some() -> bool:
            with contextlib.suppress(StaleElementReferenceException):
                found[:] = [each for each in self.all(css) if each.is_displayed()]
                return bool(found)
            return False

        until(some, lambda: f"no {css}\n{self.said()}")
        return found

    def one(self, css: str) -> WebElement:
        """The first that matches and is displayed."""
        return self.seen(css)[0]

    def click(self, css: str) -> None:
        """Click the first that matches and is enabled; anew if the page draws it anew meanwhile."""

        def clicked() -> bool:
            try:
                if not (found := self.one(css)).is_enabled():
                    return False
                found.click()
            except StaleElementReferenceException:
                return False
            return True

        until(clicked, self.said)

    def texts(self, css: str) -> list[str]:
        """The texts of all that match, in the document's order."""
        found: list[str] = self.js(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", css
        )
        return found

    def wait(self, happened: Callable[[], object]) -> None:
        """Wait until something is so."""
        until(happened, self.said)

    def requests(self) -> list[str]:
        """The URLs that were asked for since the last time."""
        return [event["params"]["request"]["url"] for event in self.events()
                if event["method"] == "Network.requestWillBeSent"]  # fmt: skip

    def events(self) -> list[dict[str, Any]]:
        """The events of network and page since the last time, as the DevTools protocol has them."""
        return [json.loads(entry["message"])["message"] for entry in self._log("performance")]

    def said(self) -> list[str]:
        """The console's messages since the last time: errors, warnings, refused policies."""
        return [entry["message"] for entry in self._log("browser")]


def missing() -> str:
    """What is missing of a browser; "" if nothing is."""
    if shutil.which("chromium") and shutil.which("chromedriver"):
        return ""
    return "no browser: needs Debian's packages chromium and chromium-driver"


@contextlib.contextmanager
def chromium() -> Iterator[Chromium]:
    """A browser. Raises: FileNotFoundError, if something is `missing`."""
    if missing():
        raise FileNotFoundError(missing())
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    started = webdriver.Chrome(options=options, service=service)
    try:
        yield Chromium(started)
    finally:
        started.quit()
