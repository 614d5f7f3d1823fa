r"""Photographs a gallery for docs/gallery.md: python -m tools.gallery_pictures GALLERY.

Run it by hand, with Debian's chromium and chromium-driver. GALLERY is the folder that
`render-worker gallery` wrote; the page's is of the sample objects and a file that is no model:

    images='["colour","depth","normal","albedo","roughness","mask","index-object",
             "index-material","position-exr"]'
    render-worker run samples --output out --set views=8 --set resolution=256 --set samples=64 \
        --set "images=$images"
    render-worker gallery --output out
    python -m tools.gallery_pictures out/gallery
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Final

from PIL import Image

from tests.tools.chromium import Chromium, chromium

PICTURES: Final = Path(__file__).parents[1] / "docs/images"
QUALITY: Final = 82
WIDTH: Final = 1280
LIST, OBJECT = 790, 1000
"""Heights of the pictures."""


def main(gallery: Path) -> None:
    """Write the pictures of the list and of the page of the first object that has one."""
    page = (gallery / "index.html").as_uri()
    with chromium() as browser:
        size(browser, LIST)
        browser.open(page)
        browser.seen(".sprite")
        save(browser, "gallery")
        uid = browser.js("return gallery.rows.all.find((row) => row.page).uid")
        size(browser, OBJECT)
        browser.open(f"{page}#object/{uid}")
        browser.seen("canvas[data-drawn]")
        loaded = "return [...document.querySelectorAll('.kind img')].every((e) => e.naturalWidth)"
        browser.wait(lambda: browser.js(loaded))
        save(browser, "gallery-object")


def size(browser: Chromium, height: int) -> None:
    """Set the height of what the browser shows."""
    browser.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )


def save(browser: Chromium, name: str) -> None:
    """Write what the browser shows as a picture of the documents."""
    with Image.open(io.BytesIO(browser.driver.get_screenshot_as_png())) as picture:
        picture.convert("RGB").save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
