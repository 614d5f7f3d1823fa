"""Writes a gallery: its pages, and its data in packs of objects, one after another.

A pack is written after everything that it refers to, with a digest of what it was made of. So a
gallery that was interrupted, or whose output has grown, reads no pack's zips a second time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec
from PIL import Image

from worker import __version__
from worker.core import cores, gallery_keys
from worker.core.errors import ConfigurationError
from worker.core.ordered_map import ordered_map
from worker.core.sha256 import sha256_of
from worker.export.source import Source
from worker.report.site import data, duplicates, object_page
from worker.report.site.again import again
from worker.report.site.entry import THUMBNAIL, Entry, Wanted, entry
from worker.report.site.listed import Listed, listed
from worker.stores.base import Store

FORMAT: Final = 1
"""Of the files of a pack; with another one, all are written anew."""
PACK: Final = 64
"""Objects of a pack, whose thumbnails are one picture."""
ACROSS: Final = 8
"""Thumbnails in a row of that picture."""
AHEAD: Final = 2
"""Finished objects, for each thread, that wait for those before them."""
MARK: Final = '<meta name="generator" content="render-worker gallery">'
"""What tells the page of a gallery from another file of its name."""
PAGES: Final = ("pages", "vendor")
"""Folders of this package whose files every gallery has."""
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".webp": "image/webp",
    ".toml": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
"""Media types, by ending."""


class SiteOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How much a gallery holds."""

    objects: int = 10_000
    """The most objects that are listed."""
    pages: int = 100
    """The most rendered objects whose page has their views."""
    views: int = 12
    """The most views of a page."""


class Built(msgspec.Struct, frozen=True):
    """What was written."""

    objects: int
    pages: int
    more: bool
    """Whether the output has more objects than are listed."""


class _Task(msgspec.Struct, frozen=True, kw_only=True):
    """An object to read, or a pack to keep as it is."""

    pack: int
    listed: Listed | None = None
    page: bool = False
    made_of: str = ""
    kept: tuple[dict[str, Any], ...] = ()


def build(
    source: Source,
    to: Store,
    options: SiteOptions,
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Built:
    """Write the gallery of `source` to `to`, in place of an earlier one.

    threads: threads that read objects; by default, as many as there are cores.
    progress: called with the number of objects that are done.

    Raises: ConfigurationError, if there is no output, it has no outcome yet, or another file has
    the page's name; StoreError.
    """
    about = again(source.manifest, source.recipe)
    _check(to)

    def put(key: str, body: bytes) -> None:
        to.replace(key, body, TYPES[PurePosixPath(key).suffix])

    wanted = Wanted(source=source, again=about, views=options.views, put=put)

    def work(task: _Task) -> tuple[_Task, Entry | None]:
        if task.listed is None:
            return task, None
        return task, entry(task.listed, wanted, page=task.page)

    tasks = _Tasks(source, to, options)
    workers = threads or cores.usable()
    results = ordered_map(work, tasks, threads=workers, ahead=AHEAD * workers, name="gallery")
    grouped = itertools.groupby(_counted(results, progress), key=lambda item: item[0].pack)
    made = (list(group) for _, group in grouped)
    written = ordered_map(
        lambda pack: _write(pack, put), made, threads=workers, ahead=workers, name="pack"
    )
    hashes: list[str | None] = []
    done = pages = packs = 0
    for rows in written:
        hashes += [row.get("phash") for row in rows]
        done += len(rows)
        pages += sum(1 for row in rows if row.get("page"))
        packs += 1
    if not done:
        raise ConfigurationError(f"{source.store.uri}: no object has an outcome yet")
    manifest = source.manifest
    alike = [group[: duplicates.LARGEST] for group in duplicates.groups(hashes)]
    summary = {
        "title": PurePosixPath(source.store.uri).name or "output",
        "packs": packs, "pack": PACK, "across": ACROSS, "thumbnail": THUMBNAIL,
        "objects": done, "total": manifest.objects, "more": tasks.more,
        "preset": manifest.preset_name, "worker": manifest.worker, "blender": manifest.blender,
        "duplicates": alike, "version": __version__,
    }  # fmt: skip
    put(gallery_keys.SITE_PRESET, about.toml.encode())
    put(gallery_keys.SITE_SET, data.script("set", 0, summary))
    _put_pages(put)
    return Built(done, pages, tasks.more)


class _Tasks:
    """The tasks of a gallery, pack by pack; `more` is known after the last."""

    def __init__(self, source: Source, to: Store, options: SiteOptions) -> None:
        self._source = source
        self._to = to
        self._options = options
        self.more = False

    def __iter__(self) -> Iterator[_Task]:
        found = listed(self._source.store)
        pages = self._options.pages
        chosen = itertools.islice(found, self._options.objects)
        packs = iter(lambda: list(itertools.islice(chosen, PACK)), [])
        for number, pack in enumerate(packs):
            asked = []
            for each in pack:
                page = pages > 0 and each.outcome.outcome == "rendered"
                pages -= page
                asked.append((each, page))
            digest = self._digest(asked)
            body = self._to.read(gallery_keys.site_pack(number))
            if body is not None and data.made_of(body) == digest:
                yield _Task(pack=number, kept=tuple(data.document(body)["rows"]))
                continue
            for each, page in asked:
                yield _Task(pack=number, listed=each, page=page, made_of=digest)
        self.more = next(found, None) is not None

    def _digest(self, asked: list[tuple[Listed, bool]]) -> str:
        """Of everything that a pack's files depend on."""
        parts = [f"{FORMAT} {__version__} {self._options.views}", self._source.manifest.preset]
        parts += [f"{page} {msgspec.json.encode(each.history).decode()}" for each, page in asked]
        return sha256_of("\n".join(parts).encode())


def _counted(
    results: Iterator[tuple[_Task, Entry | None]], progress: Callable[[int], None] | None
) -> Iterator[tuple[_Task, Entry | None]]:
    done = 0
    for task, made in results:
        done += len(task.kept) or 1
        if progress is not None:
            progress(done)
        yield task, made


def _write(
    made: list[tuple[_Task, Entry | None]], put: Callable[[str, bytes], None]
) -> list[dict[str, Any]]:
    """Write the files of a pack, itself last; returns its rows."""
    task, first = made[0]
    if first is None:
        return list(task.kept)
    entries = [each for _, each in made if each is not None]
    for each in entries:
        if each.page is not None:
            uid = each.row["uid"]
            put(gallery_keys.site_object(uid), data.script("object", uid, each.page))
    sheet = Image.new("RGBA", (ACROSS * THUMBNAIL, -(-len(entries) // ACROSS) * THUMBNAIL))
    rows = []
    for place, each in enumerate(entries):
        row, image = each.row, each.thumbnail
        if image is not None:
            left = place % ACROSS * THUMBNAIL + (THUMBNAIL - image.width) // 2
            top = place // ACROSS * THUMBNAIL + (THUMBNAIL - image.height) // 2
            sheet.paste(image, (left, top))
            row = {**row, "thumbnail": place}
        rows.append(row)
    if any("thumbnail" in row for row in rows):
        put(gallery_keys.site_thumbnails(task.pack), object_page.webp(sheet, edge=max(sheet.size)))
    details = {each.row["uid"]: each.details for each in entries}
    put(gallery_keys.site_details(task.pack), data.script("details", task.pack, details))
    listed = data.script("pack", task.pack, {"rows": rows}, task.made_of)
    put(gallery_keys.site_pack(task.pack), listed)
    return rows


def _check(to: Store) -> None:
    """Refuse a place whose page another program made. Raises: ConfigurationError."""
    page = to.read(gallery_keys.SITE_INDEX)
    if page is not None and MARK.encode() not in page:
        raise ConfigurationError(
            f"{to.uri} has an {gallery_keys.SITE_INDEX} that is not a gallery's; "
            "choose another --to"
        )


def _put_pages(put: Callable[[str, bytes], None]) -> None:
    """Write the pages; the one that a person opens is last."""
    files = [
        file
        for folder in PAGES
        for file in sorted(
            resources.files(__package__).joinpath(folder).iterdir(), key=lambda file: file.name
        )
        if PurePosixPath(file.name).suffix in TYPES
    ]
    for file in sorted(files, key=lambda file: file.name == gallery_keys.SITE_INDEX):
        is_page = file.name == gallery_keys.SITE_INDEX
        put(file.name if is_page else gallery_keys.site_asset(file.name), file.read_bytes())
