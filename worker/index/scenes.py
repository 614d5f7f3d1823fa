"""From a list of objects to ranges of samples of synthetic scenes, drawn the same by every rank.

Sample numbers decide everything, the list's order nothing. Samples that follow one another show
the same objects (`scenes.reuse`); with one object in a scene the classes take turns from group to
group, with more each place's class is drawn. The models of a class are parted into
`scenes.buckets`, and so are the samples: a bucket's samples show its models alone, so that a split
of the samples in their order is one of the objects too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

import msgspec
import structlog

from worker.contract.random_streams import stream
from worker.contract.recipe import Recipe
from worker.contract.scene_draws import WHOLE
from worker.contract.scene_keys import MOST_CLASSES
from worker.core import keys
from worker.core.errors import IndexInvalid
from worker.core.sha256 import sha256_of
from worker.index.reader import Index
from worker.index.record import Group, ObjectRef, Scenes, SceneSlot, Shard

log = structlog.get_logger(__name__)

STUDY: Final = (
    "02691156", "02828884", "02933112", "02958343", "03001627",
    "03636649", "04256520", "04379243", "04530566", "03790512",
)  # fmt: skip
"""The study's classes in their order, as ShapeNet's synsets: airplane, bench, cabinet, car, chair,
lamp, sofa, table, vessel, motorcycle (princeton-vl/selfstudy-render)."""
CLASS_FIELDS: Final = ("synset", "category", "class")
"""Annotations that name an object's class."""
UNNAMED: Final = "object"
"""Class of what says nothing of its own."""
MOST_RANGES: Final = 200_000
"""Drawn in memory by every worker; more are drawn once, into an index of their own."""
PLANNED: Final = (
    "samples", "idx_offset", "objects", "classes", "class_idxs", "reuse", "buckets", "spares",
)  # fmt: skip
"""Keys of `recipe.scenes` that decide which objects are in which samples."""


def plan_of(recipe: Recipe) -> str:
    """Digest of all by which members are drawn, but for the list."""
    keys_of = {name: getattr(recipe.scenes, name) for name in PLANNED}
    text = json.dumps([recipe.name, recipe.seed, recipe.views, keys_of], sort_keys=True)
    return sha256_of(text.encode())


def arranged(index: Index, recipe: Recipe) -> Index:
    """What a run of `recipe` goes over: of scenes, an index of ranges in the place of a list.

    Raises: IndexInvalid, where ranges were made for other scenes, or the list has no objects of
    the classes asked for; StoreError.
    """
    if recipe.product != WHOLE:
        return index
    first = index.read(index.shards[0])[0]
    if first.scenes is not None:
        if first.scenes.plan != plan_of(recipe):
            raise IndexInvalid(
                f"{index.uri}: its ranges of scenes were drawn for another preset or other --set; "
                "build it with the same: render-worker index scenes"
            )
        return index
    count = -(-recipe.scenes.samples // recipe.views)
    if count > MOST_RANGES:
        raise IndexInvalid(
            f"'scenes.samples' over 'views' makes {count:,} zips, more than the {MOST_RANGES:,} "
            "that a run draws by itself: draw them once with 'render-worker index scenes', and "
            "run that index"
        )
    made = tuple(ranges((ref for shard in index.shards for ref in index.read(shard)), recipe))
    name = keys.shard_name(0)
    shard = Shard(name=name, file=index.shards[0].file, objects=len(made), sha256=index.digest)
    return msgspec.structs.replace(index, shards=(shard,), objects=len(made), held={name: made})


def ranges(refs: Iterable[ObjectRef], recipe: Recipe) -> Iterator[ObjectRef]:
    """The ranges of all samples, in their order, each of `recipe.views` but for the last.

    Raises: IndexInvalid.
    """
    classes, models = _sorted(refs, recipe)
    scenes, plan = recipe.scenes, plan_of(recipe)
    for start in range(0, scenes.samples, recipe.views):
        groups: list[Group] = []
        members: dict[str, tuple[int, ObjectRef]] = {}
        at, end = start, min(start + recipe.views, scenes.samples)
        while at < end:
            first = at - at % scenes.reuse
            until = min(first + scenes.reuse, end)
            places = tuple(
                SceneSlot(
                    class_idx=class_idx,
                    members=tuple(
                        members.setdefault(ref.file_identifier, (len(members), ref))[0]
                        for ref in drawn
                    ),
                )
                for class_idx, drawn in _group(first, recipe, models)
            )
            groups.append(Group(samples=until - at, places=places))
            at = until
        yield ObjectRef(
            file_identifier=keys.scenes_range(
                recipe.name, scenes.idx_offset + start, scenes.idx_offset + end - 1
            ),
            scenes=Scenes(
                plan=plan,
                first=scenes.idx_offset + start,
                classes=classes,
                groups=tuple(groups),
                members=tuple(ref for _, ref in members.values()),
            ),
        )


def class_of(ref: ObjectRef) -> str:
    """An object's class: what its annotations say, else the folder that its identifier names."""
    about = ref.metadata
    if isinstance(about, str):  # Objaverse-XL's parquet files have JSON in a text
        try:
            about = json.loads(about)
        except (ValueError, RecursionError):
            about = None
    if isinstance(about, dict):
        for field in CLASS_FIELDS:
            value = about.get(field)
            if isinstance(value, (str, int)) and str(value).strip():
                return str(value).strip()
    place = ref.file_identifier.partition("://")[2] or ref.file_identifier
    return PurePosixPath(place.partition("!/")[0]).parent.name or UNNAMED


def _sorted(
    refs: Iterable[ObjectRef], recipe: Recipe
) -> tuple[tuple[str, ...], dict[int, list[ObjectRef]]]:
    """Names of the classes, and the models of those that are drawn, by identifier."""
    found: dict[str, dict[str, ObjectRef]] = {}
    for ref in refs:
        if ref.scenes is not None:
            raise IndexInvalid("a list has objects and ranges of scenes in it; give one of both")
        found.setdefault(class_of(ref), {}).setdefault(ref.file_identifier, ref)
    classes = recipe.scenes.classes or _all_classes(found)
    if len(classes) > MOST_CLASSES:
        raise IndexInvalid(
            f"{len(classes)} classes, {', '.join(classes[:3])}, …: {MOST_CLASSES} can be told "
            "apart; name those you want with --set scenes.classes='[\"…\"]', or give the objects "
            "a category in their metadata"
        )
    drawn = recipe.scenes.class_idxs or range(len(classes))
    if wrong := [number for number in drawn if number >= len(classes)]:
        raise IndexInvalid(f"'scenes.class_idxs' has {wrong[0]}, but there are {len(classes)}")
    if absent := [classes[number] for number in drawn if classes[number] not in found]:
        raise IndexInvalid(
            f"no object of class '{absent[0]}' in the list; it has: {', '.join(sorted(found))}"
        )
    models = {
        number: [ref for _, ref in sorted(found[classes[number]].items())] for number in drawn
    }
    few = [classes[number] for number in models if len(models[number]) < recipe.scenes.buckets]
    if few:
        log.warning(
            "buckets share objects, of which there are fewer than scenes.buckets", classes=few[:3]
        )
    return tuple(classes), models


def _all_classes(found: Iterable[str]) -> tuple[str, ...]:
    names = set(found)
    known = [name for name in STUDY if name in names]
    return (*known, *sorted(names - set(known)))


def _group(
    first: int, recipe: Recipe, models: dict[int, list[ObjectRef]]
) -> Iterator[tuple[int, list[ObjectRef]]]:
    """Of each place in the samples from the `first` on (without the offset): class and objects."""
    scenes = recipe.scenes
    bucket = first * scenes.buckets // scenes.samples
    name = f"{WHOLE}/{scenes.idx_offset + first}"
    numbers = list(models)
    for place in range(scenes.objects):
        source = stream(name, recipe, f"object {place}")
        class_idx = (
            numbers[first // scenes.reuse % len(numbers)]
            if scenes.objects == 1
            else source.choice(numbers)
        )
        choice = _bucket(models[class_idx], bucket, scenes.buckets)
        yield class_idx, source.sample(choice, min(len(choice), 1 + scenes.spares))


def _bucket(refs: Sequence[ObjectRef], bucket: int, buckets: int) -> Sequence[ObjectRef]:
    """The models of a bucket; all of them, where there are fewer than buckets."""
    if len(refs) < buckets:
        return refs
    low, high = (len(refs) * number // buckets for number in (bucket, bucket + 1))
    return refs[low:high]
