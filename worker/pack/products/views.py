"""The product `views`: the views' images, the view records and metadata.json.

Large views are encoded by several threads, since numpy, OpenEXR and zlib release the interpreter
lock: 12 views of 512x512 take 0.18 s with two threads and 0.30 s with one (2 cores). Small views,
of which threads save no time, are packed by stacks.

Memory: the passes of `threads` stacks, the finished files of `threads` + 1 stacks, and the
preview's frames. At 512x512, where a stack is one view, with two threads that is 16 MB for colour,
44 MB with depth, normals and mask, and 94 MB for all image kinds (measured on noise, the worst
case).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from PIL import Image

from worker.codecs.image_formats import Form
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.ordered_map import ordered_map
from worker.pack import coverage, placement, preview, statistics, views
from worker.pack.archive import Member
from worker.pack.kinds import IMAGE_KINDS, pictures
from worker.pack.products import mesh
from worker.pack.raw import RawView
from worker.pack.records import VIEW_RECORDS, Taken, metadata
from worker.pack.records.base import Files
from worker.pack.stack import Stack, stacks
from worker.pack.statistics import PICTURES, ObjectStatistics, ViewStatistics
from worker.supervisor.result import RenderedObject


class _Made(msgspec.Struct, frozen=True):
    """The encoded files of one view, its facts by image kind, and its preview frame or none."""

    members: list[Member]
    facts: dict[str, dict[str, Any]]
    statistics: ViewStatistics
    frames: list[Image.Image]


def members(
    rendered: RenderedObject, recipe: Recipe, threads: int
) -> Generator[Member, None, ObjectStatistics]:
    """Each view's files, by name, view after view; then the rest, by name.

    Returns: the statistics of the views. Raises: RenderFailed; Empty.
    """
    views.check(rendered.answer.views, recipe)
    shots = rendered.answer.views
    where = placement.of(rendered.answer.scene)
    records = [VIEW_RECORDS[name] for name in recipe.records]
    shown = preview.shown(len(shots)) if recipe.previews else frozenset()
    facts = {}
    seen = {}
    frames = []

    def images(numbers: range) -> list[_Made]:
        stack = Stack([RawView(shots[number], rendered.scratch) for number in numbers])
        return _images(stack, recipe, [number in shown for number in numbers])

    work = stacks(len(shots), recipe.resolution)
    encoded: Iterator[list[_Made]] = map(images, work)
    if threads > 1:
        encoded = ordered_map(images, work, threads=threads, ahead=threads, name="pack")
    for number, made in enumerate(itertools.chain.from_iterable(encoded)):
        view = shots[number]
        facts[view.name] = made.facts
        seen[view.name] = made.statistics
        frames += made.frames
        own = [record.of_view(number, view, where) for record in records if record.of_view]
        yield from _sorted(own, made.members)

    covered = {name: view.coverage for name, view in seen.items()}
    share = coverage.summary(covered, shots, where)
    whole = statistics.of_object(seen, share)
    taken = Taken(views=shots, placement=where, facts=facts, coverage=covered)
    rest = [record.of_all(taken, recipe) for record in records if record.of_all]
    measured = {
        "coverage": {**msgspec.structs.asdict(share), "views": covered},
        "statistics": statistics.describe(seen, whole, _picture(recipe)),
        **mesh.about(rendered, recipe),
    }
    rest.append({keys.METADATA: metadata.write(rendered, facts, recipe, measured)})
    rest += [
        {keys.PREVIEWS[kind]: preview.film(kind, frames, recipe.preview)}
        for kind in recipe.previews
    ]
    yield from _sorted(rest, mesh.members(rendered, recipe))
    return whole


def _sorted(files: Iterable[Files], members: Iterable[Member] = ()) -> list[Member]:
    """Combine files and members into one list of members, sorted by name."""
    others = [Member(name=name, data=data) for part in files for name, data in part.items()]
    return sorted([*members, *others], key=lambda member: member.name)


def _images(stack: Stack, recipe: Recipe, show: Sequence[bool]) -> list[_Made]:
    """What is made of each view of a stack. show: whether it becomes a frame of the preview."""
    members: list[list[Member]] = [[] for _ in show]
    facts: list[dict[str, dict[str, Any]]] = [{} for _ in show]
    frames: list[list[Image.Image]] = [[] for _ in show]
    measured = None
    for name, ending in keys.image_endings(recipe.images).items():
        kind = IMAGE_KINDS[name]
        form = kind.form(recipe)
        found = pictures(kind, stack, recipe)
        for number, (raw, pixels) in enumerate(zip(stack.views, found, strict=True)):
            check = functools.partial(_check, form, (raw.view.width, raw.view.height))
            file = keys.image_file(raw.view.name, ending)
            members[number].append(Member(name=file, data=form.encode(pixels), check=check))
            if special := kind.facts(raw, recipe):
                facts[number][name] = special
            if show[number] and file == keys.image_file(raw.view.name):
                frames[number].append(preview.frame(pixels, recipe.preview.width))
        if name == _picture(recipe):
            measured = found
    seen = statistics.of_views(stack.apart(coverage.shown(stack)), measured)
    return list(map(_Made, members, facts, seen, frames))


def _picture(recipe: Recipe) -> str | None:
    """The image kind whose statistics are taken."""
    return next((kind for kind in PICTURES if kind in recipe.images), None)


def _check(form: Form, size: tuple[int, int], data: bytes) -> None:
    form.check(data, size)
