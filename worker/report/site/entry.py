"""What a gallery says of one object: a row of its list, details, and a thumbnail."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from PIL import Image

from worker.core import keys
from worker.core.errors import ObjectError
from worker.export.source import Source
from worker.export.zips import RenderZip
from worker.report import pictures
from worker.report.site import object_page, readable
from worker.report.site.again import Again
from worker.report.site.listed import Listed, attempt

THUMBNAIL: Final = 160
"""Edge of a thumbnail in pixels."""
SHORT: Final = 240
"""Characters of a text in the list."""
LONG: Final = 2000
ITEMS: Final = 60
DEEP: Final = 8
BYTES: Final = 60_000
"""What is shown of metadata: characters of a text, items of a list, levels, and bytes in all."""
COUNTS: Final = {"poly_count": "faces", "vert_count": "vertices"}
STATISTICS: Final = {
    "brightness_mean": "brightness", "clipped_max": "clipped", "black_max": "black",
    "blank_views": "blank", "border_views": "border", "phash": "phash",
}  # fmt: skip
"""What a row has of ``metadata.json``, and of its statistics of the object, by its name there."""
HEAVY: Final = ("facts", "coverage", "statistics")
"""Keys of ``render_worker`` with an entry for each view."""


class Entry(msgspec.Struct, frozen=True):
    """One object of a pack."""

    row: dict[str, Any]
    details: dict[str, Any]
    thumbnail: Image.Image | None
    page: dict[str, Any] | None
    """The data of its page; None if it has none."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How entries are made."""

    source: Source
    again: Again
    views: int
    """The most views of a page."""
    put: object_page.Write


def entry(listed: Listed, wanted: Wanted, *, page: bool) -> Entry:
    """Read an object and write the pictures of its page. Raises: StoreError."""
    outcome = listed.outcome
    name, suffix = pictures.title(outcome.file_identifier)
    row: dict[str, Any] = {
        "uid": listed.uid, "name": name[:SHORT], "outcome": outcome.outcome, "code": outcome.code,
        "format": suffix or None, "license": outcome.license, "source": outcome.source,
        "message": outcome.message and outcome.message[:SHORT], "attempts": len(listed.history),
        "coverage": outcome.coverage_mean, "coverage_min": outcome.coverage_min,
        "missing": outcome.missing or None, "undecodable": outcome.undecodable or None,
        "views": outcome.views, "size": outcome.size,
        "seconds": round(sum(outcome.seconds.values()), 3) if outcome.seconds else None,
        "time": outcome.time,
    }  # fmt: skip
    details: dict[str, Any] = {
        "identifier": outcome.file_identifier[:LONG],
        "history": [attempt(line) for line in listed.history[-ITEMS:]],
        "command": wanted.again.command(listed.uid),
    }
    thumbnail, data = None, None
    if outcome.outcome == "rendered":
        try:
            zipped = wanted.source.open(listed.finished).rendered
            document = msgspec.json.decode(zipped.read(keys.METADATA), type=dict[str, Any])
            row |= _facts(document)
            details["metadata"] = _shortened(document)
            thumbnail = _thumbnail(zipped, document)
            if page:
                data = object_page.write(zipped, document, wanted.views, wanted.put)
        except ObjectError as error:
            row |= {"problem": str(error)[:SHORT]}
            details["problem"] = str(error)[:LONG]
    row["page"] = True if data else None
    return Entry(
        {key: value for key, value in row.items() if value is not None}, details, thumbnail, data
    )


def _facts(document: dict[str, Any]) -> dict[str, Any]:
    """What a row has of the metadata; what is absent, or of another type, is left out."""
    own = document["render_worker"]
    statistics = own.get("statistics")
    of_object = statistics.get("object") if isinstance(statistics, dict) else None
    return {
        **{key: _text(own.get(key)) for key in ("preset", "source", "license")},
        **{name: _number(document.get(key)) for key, name in COUNTS.items()},
        "found": _size(document.get("found_files")),
        **(
            {name: _number(of_object.get(key)) for key, name in STATISTICS.items()}
            if isinstance(of_object, dict)
            else {}
        ),
        **({"phash": _text(of_object.get("phash"))} if isinstance(of_object, dict) else {}),
    }


def _text(value: Any) -> str | None:
    return value[:SHORT] if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _size(value: Any) -> int | None:
    """The number of entries of a table; None if there are none."""
    return len(value) or None if isinstance(value, dict) else None


def _shortened(document: dict[str, Any]) -> dict[str, Any]:
    """The metadata, as much of it as a page shows."""
    own = {key: value for key, value in document["render_worker"].items() if key not in HEAVY}
    statistics = document["render_worker"].get("statistics")
    if isinstance(statistics, dict):
        own["statistics"] = statistics.get("object")
    shown: dict[str, Any] = _cut({**document, "render_worker": own}, DEEP)
    size = len(msgspec.json.encode(shown))
    if size > BYTES:
        return {"note": f"{size:,} bytes of metadata are too many to show; the zip has them"}
    return shown


def _cut(value: Any, levels: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONG else f"{value[:LONG]}…"
    if isinstance(value, (list, dict)) and not levels:
        return "…"
    if isinstance(value, list):
        more = len(value) - ITEMS
        shown = [_cut(item, levels - 1) for item in value[:ITEMS]]
        return [*shown, f"… {more:,} more"] if more > 0 else shown
    if isinstance(value, dict):
        return {key[:SHORT]: _cut(item, levels - 1) for key, item in value.items()}
    return value


def _thumbnail(zipped: RenderZip, document: dict[str, Any]) -> Image.Image | None:
    """The object's first view, fitted into a square of THUMBNAIL; None if there is no picture."""
    kinds = zipped.metadata.render_worker.images
    kind = next((kind for kind in (*readable.FIRST, *readable.KINDS) if kind in kinds), None)
    if kind is not None:
        image = Image.fromarray(readable.picture(zipped, zipped.views[0], kind).pixels)
    else:
        found = next(object_page.plain_pictures(zipped, document, 1), None)
        if found is None:
            return None
        image = found[1]
    scale = THUMBNAIL / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    # Pillow weights colours by alpha when it resizes RGBA, so transparent pixels do not bleed.
    return image.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
