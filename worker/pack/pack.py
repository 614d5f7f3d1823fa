"""From raw passes to one checked zip per object.

Views are encoded by a few threads: numpy, OpenEXR and zlib let go of the interpreter lock, and
two take 12 views of 512x512 from 0.75 to 0.53 s (2 cores, shared). In memory are at most
`threads` views' passes (some 40 bytes a pixel: 10 MB at 512x512) and `threads` + 1 views'
finished files. The zip is written view by view, in order, so that its bytes do not depend on
the number of threads.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Final, TypeVar

from worker import keys
from worker.blender.messages import View
from worker.blender.recipe import Recipe
from worker.pack import archive, png, views
from worker.pack.archive import Member
from worker.pack.kinds import KINDS
from worker.pack.raw import RawView
from worker.pack.records import RECORDS, metadata
from worker.pack.result import PackedObject
from worker.render.result import RenderedObject

THREADS: Final = 2

In = TypeVar("In")
Out = TypeVar("Out")


def pack(
    rendered: RenderedObject, recipe: Recipe, into: Path, *, threads: int = THREADS
) -> PackedObject:
    """Write ``<uid>.zip`` into the folder `into`: the views' images, the records, metadata.json.

    Members are in order of their names (up to 1,000 views): each view's files, then the rest.

    Raises: RenderFailed, when what Blender left is not what it was asked for or does not
    decode; NodeError, when the zip cannot be written.
    """
    answer, ref = rendered.answer, rendered.fetched.ref
    views.check(answer.views, recipe)
    path = into / PurePosixPath(keys.render_zip(ref.uid)).name
    with contextlib.closing(_members(rendered, recipe, threads)) as members:
        written = archive.write(path, ref.uid, members)
    return PackedObject(
        ref=ref,
        path=written.path,
        sha256=written.sha256,
        size=written.size,
        views=len(answer.views),
        runtime=answer.runtime,
        render_s=answer.render_s,
    )


def _members(rendered: RenderedObject, recipe: Recipe, threads: int) -> Generator[Member]:
    records: dict[str, bytes] = {}
    for name in recipe.records:
        records |= RECORDS[name](rendered.answer.views, recipe)
    records[keys.METADATA] = metadata.write(rendered, recipe)

    def images(view: View) -> list[Member]:
        return _images(RawView(view, rendered.scratch), recipe)

    for view, members in zip(
        rendered.answer.views,
        _in_order(images, rendered.answer.views, threads),
        strict=True,
    ):
        own = [name for name in records if PurePosixPath(name).stem == view.name]
        members += [Member(name=name, data=records.pop(name)) for name in own]
        yield from sorted(members, key=lambda member: member.name)
    for name in sorted(records):
        yield Member(name=name, data=records[name])


def _images(raw: RawView, recipe: Recipe) -> list[Member]:
    size = (raw.view.width, raw.view.height)
    members = []
    for kind in (KINDS[name] for name in recipe.images):
        data = png.encode(kind.encode(raw, recipe))
        name = keys.image_file(raw.view.name, kind.suffix)
        members.append(Member(name=name, data=data, image=(size, kind.mode)))
    return members


def _in_order(work: Callable[[In], Out], items: Iterable[In], threads: int) -> Iterator[Out]:
    """`work` of every item, in order, at most `threads` ahead of what has been taken."""
    waiting: deque[Future[Out]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="pack") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:  # after a failure: the rest is not worth encoding
                future.cancel()
