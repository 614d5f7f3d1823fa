"""A contact sheet: one PNG with a row per object that shows some of its views."""

from __future__ import annotations

import io
import itertools
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final
from unicodedata import combining, normalize

import msgspec
from PIL import Image, ImageDraw, ImageFont

from worker.core import keys, local_file
from worker.core.errors import UsageError
from worker.manifests import OutputManifest
from worker.report import pictures
from worker.stores.base import Store, TooLargeToRead

ZIP_LIMIT: Final = 1 << 30
MEMBER_LIMIT: Final = 1 << 28
"""Larger zips and members are not opened, because a store may contain anything."""

SUFFIX: Final = ".png"
PAGE: Final = (238, 239, 241)
CARD: Final = (252, 252, 252)
TILE: Final = (226, 228, 231)
"""Background of the images, dark enough for a white object to be visible."""
INK: Final = (38, 40, 44)
SOFT: Final = (122, 126, 133)
MARGIN: Final = 28
GAP: Final = 14
PAD: Final = 10
RADIUS: Final = 12
HEADER: Final = 62
CAPTION: Final = 210
"""Lengths in pixels; CAPTION is the width of the column of names."""


class Row(msgspec.Struct, frozen=True):
    """What the sheet shows of one object; without tiles where it cannot be read."""

    title: str
    notes: tuple[str, ...]
    tiles: tuple[Image.Image, ...]


def contact_sheet(
    store: Store,
    uids: Sequence[str] | None,
    to: Path,
    *,
    title: str = "Rendered objects",
    rows: int = 12,
    columns: int = 6,
    tile: int = 160,
) -> int:
    """Write a PNG that shows the first `rows` of `uids`, or of all objects in the store if None.

    Each row has `columns` evenly spaced views as squares of `tile` pixels. Rows are in the order
    of `uids`, or sorted by name if it is None. An object whose zip cannot be read gets a row that
    says so. Returns the number of objects on the sheet; if it is 0, no file is written.

    Raises: StoreError; OutputMismatch, if the store's job.json is not a job; UsageError, if `to`
    does not end with ".png" or cannot be written.
    """
    if to.suffix.lower() != SUFFIX:
        raise UsageError(f"the contact sheet is a PNG: {to} must end with {SUFFIX}")
    manifest = OutputManifest.read(store)
    prefix = 0 if manifest is None else manifest.prefix
    found = iter(uids) if uids is not None else _uids(store, prefix)
    chosen = list(itertools.islice(found, rows))
    if not chosen:
        return 0
    more = next(found, None) is not None
    count = f"{'the first ' if more else ''}{len(chosen)} object{'s' * (len(chosen) != 1)}"
    drawn = [read_row(store, uid, columns, tile, prefix) for uid in chosen]
    if uids is None:
        drawn.sort(key=lambda row: row.title)
    picture = io.BytesIO()
    _draw(title, count, drawn, tile).save(picture, "PNG", optimize=True)
    local_file.write(to, picture.getvalue())
    return len(drawn)


def _uids(store: Store, prefix: int) -> Iterator[str]:
    for entry in store.list(keys.RENDERS):
        uid = PurePosixPath(entry.key).stem
        if entry.key == keys.render_zip(uid, prefix) and keys.UID_PATTERN.fullmatch(uid):
            yield uid


def read_row(store: Store, uid: str, columns: int, tile: int, prefix: int = 0) -> Row:
    """The row of an object; its notes say why where its zip cannot be read. Raises: StoreError."""
    key = keys.render_zip(uid, prefix)
    try:
        data = store.read(key, ZIP_LIMIT)
    except TooLargeToRead:
        return Row(uid, ("too large to show",), ())
    if data is None:
        return Row(uid, ("not in the store",), ())
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            return _read(zipped, uid, columns, tile)
    except (
        zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, RecursionError,
        KeyError, TypeError, ValueError, OSError, SyntaxError, Image.DecompressionBombError,
    ) as error:  # fmt: skip
        return Row(uid, ("cannot be read", str(error)), ())


def _read(zipped: zipfile.ZipFile, uid: str, columns: int, tile: int) -> Row:
    document = json.loads(_member(zipped, uid, keys.METADATA))
    prefix = keys.member(uid, "")
    files = {name.removeprefix(prefix) for name in zipped.namelist() if name.startswith(prefix)}
    names = pictures.names(files, document)
    views, shown = len(names), min(columns, len(names))
    tiles = tuple(
        _tile(pictures.as_png(_member(zipped, uid, name), name, document), tile)
        for name in (names[i * views // shown] for i in range(shown))
    )
    name, suffix = pictures.title(str(document["file_identifier"]))
    notes = [" · ".join(part for part in (suffix.upper(), _counted(names)) if part)]
    faces = document.get("poly_count")
    if isinstance(faces, int):
        notes.append(f"{faces:,} face{'s' * (faces != 1)}")
    return Row(name, (*notes, _preset(document)), tiles)


def _counted(names: Sequence[str]) -> str:
    if names and names[0].startswith(keys.SCENE_SAMPLES):
        return f"{len(names)} samples"
    if names and names[0] != keys.image_file(keys.view_name(0)):
        return "object image"
    return f"{len(names)} views"


def _member(zipped: zipfile.ZipFile, uid: str, name: str) -> bytes:
    info = zipped.getinfo(keys.member(uid, name))
    if info.file_size > MEMBER_LIMIT or info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(
            f"{name} is too large, or compressed (the worker does not compress its files)"
        )
    return zipped.read(info)


def _preset(document: dict[str, Any]) -> str:
    own = document.get("render_worker")
    return f"preset {own['preset']}" if isinstance(own, dict) and "preset" in own else ""


def _tile(data: bytes, tile: int) -> Image.Image:
    """The image, scaled to fit a square of `tile` pixels with a grey background."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        pictures.check_size(image.width, image.height)
        scale = tile / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        # Pillow weights colours by alpha when it resizes RGBA, so transparent pixels do not bleed.
        small = image.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (tile, tile), TILE)
    square.alpha_composite(small, ((tile - size[0]) // 2, (tile - size[1]) // 2))
    return square.convert("RGB")


def _draw(title: str, count: str, rows: Sequence[Row], tile: int) -> Image.Image:
    row_height = tile + 2 * PAD
    columns = max(2, *(len(row.tiles) for row in rows), 0)  # two are wide enough for the title
    mask = Image.new("L", (tile, tile))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, tile - 1, tile - 1), RADIUS - 4, 255)
    card = PAD + CAPTION + columns * (tile + PAD)
    size = (
        card + 2 * MARGIN,
        MARGIN + HEADER + len(rows) * (row_height + GAP) - GAP + MARGIN,
    )
    sheet = Image.new("RGB", size, PAGE)
    draw = ImageDraw.Draw(sheet)
    large, medium, small = (ImageFont.load_default(size) for size in (26, 17, 14))
    _write(draw, (MARGIN, MARGIN - 4), title, large, INK, card - 260)
    draw.text((MARGIN + card, MARGIN + 6), count, SOFT, medium, anchor="ra")
    for number, row in enumerate(rows):
        top = MARGIN + HEADER + number * (row_height + GAP)
        left = MARGIN
        box = (left, top, left + card - 1, top + row_height - 1)
        draw.rounded_rectangle(box, RADIUS, CARD)
        text = (left + 2 * PAD, top + 2 * PAD)
        _write(draw, text, row.title, medium, INK, CAPTION - 2 * PAD)
        for line, note in enumerate(row.notes):
            at = (text[0], text[1] + 30 + line * 21)
            wide = note.replace(" ", "  ")  # the font's space is too narrow at this size
            _write(draw, at, wide, small, SOFT, CAPTION - 2 * PAD)
        for column, image in enumerate(row.tiles):
            x = left + PAD + CAPTION + column * (tile + PAD)
            sheet.paste(image, (x, top + PAD), mask)
    return sheet


def _write(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    colour: tuple[int, int, int],
    width: int,
) -> None:
    """Write one line of text; if it is wider than `width`, its middle is replaced by "..."."""
    line = _spelt(text[:500])
    keep = len(line)
    short = line
    while draw.textlength(short, font) > width and keep > 1:
        keep -= 1
        short = f"{line[: (keep + 1) // 2]}...{line[len(line) - keep // 2 :]}"
    draw.text(at, short, colour, font)


def _spelt(text: str) -> str:
    """`text` in the characters of Pillow's built-in font: ASCII and "·", without accents."""
    plain = (letter for letter in normalize("NFKD", text) if not combining(letter))
    return "".join(c if c == "·" or " " <= c <= "~" else "?" for c in plain)
