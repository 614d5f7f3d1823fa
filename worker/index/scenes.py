"""Draws ranges of samples of synthetic scenes from a list of objects; every rank draws the same.

The draws depend on sample numbers, not on the order of the list. Groups of `scenes.reuse`
consecutive samples show the same objects. With one object per scene, the classes take turns from
group to group; with several objects, the class of each is drawn. The models of each class and the
samples are both divided into `scenes.buckets`, and the samples of a bucket show only its models.
So splitting the samples in order also splits the objects.
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
from worker.core.errors import IndexInvalid, ShardBroken
from worker.core.sha256 import sha256_of
from worker.index.reader import Index, all_of
from worker.index.record import BadRecord, Group, ObjectRef, Scenes, SceneSlot, Shard

log = structlog.get_logger(__name__)

STUDY: Final = (
    "02691156", "02828884", "02933112", "02958343", "03001627",
    "03636649", "04256520", "04379243", "04530566", "03790512",
)  # fmt: skip
"""The classes of Newell & Deng (2020) in their order, as ShapeNet synsets: airplane, bench,
cabinet, car, chair, lamp, sofa, table, vessel, motorcycle (princeton-vl/selfstudy-render)."""
CLASS_FIELDS: Final = ("synset", "category", "class")
"""Annotations that name an object's class; the first one that is set counts."""
UNNAMED: Final = "object"
"""The class of an object without annotations or folder that name one."""
MOST_RANGES: Final = 200_000
"""The most ranges that a run draws in memory; more must be drawn into an index beforehand."""
PLANNED: Final = (
    "samples", "idx_offset", "objects", "classes", "class_idxs", "reuse", "buckets", "spares",
)  # fmt: skip
"""Keys of `recipe.scenes` that determine which objects are in which samples."""


def plan_of(recipe: Recipe) -> str:
    """Digest of all settings that determine the draws; the list is not part of it."""
    keys_of = {name: getattr(recipe.scenes, name) for name in PLANNED}
    text = json.dumps([recipe.seeded_by, recipe.seed, recipe.views, keys_of], sort_keys=True)
    return sha256_of(text.encode())


def arranged(index: Index, recipe: Recipe) -> Index:
    """The index that a run of `recipe` renders.

    For scenes, a list of objects is replaced by ranges of samples. Any other index is returned
    as it is.

    Raises: IndexInvalid, if the index has ranges of other settings, the list lacks objects of the
    requested classes, or there are too many ranges; StoreError.
    """
    if recipe.product != WHOLE:
        return index
    first = _first(index)
    if first.scenes is not None:
        if first.scenes.plan != plan_of(recipe):
            raise IndexInvalid(
                f"{index.uri}: its scenes were drawn for another preset or other --set options; "
                "use the same ones, or draw an index for these with 'render-worker index scenes'"
            )
        return index
    count = -(-recipe.scenes.samples // recipe.views)
    if count > MOST_RANGES:
        raise IndexInvalid(
            f"'scenes.samples' divided by 'views' is {count:,} zips; a run draws at most "
            f"{MOST_RANGES:,} by itself: draw them with 'render-worker index scenes' and run "
            "that index"
        )
    made = tuple(ranges((ref for shard in index.shards for ref in index.read(shard)), recipe))
    name = keys.shard_name(0)
    shard = Shard(name=name, file=index.shards[0].file, objects=len(made), sha256=index.digest)
    return msgspec.structs.replace(index, shards=(shard,), objects=len(made), held={name: made})


def _first(index: Index) -> ObjectRef:
    """The first valid record of an index, else its first. Raises: IndexInvalid, StoreError."""
    found: ObjectRef | None = None
    broken: list[ShardBroken] = []
    for shard in index.shards:
        refs = index.attempt(shard)
        if isinstance(refs, ShardBroken):
            broken.append(refs)
            continue
        for ref in refs:
            if not isinstance(ref, BadRecord):
                return ref
            found = found or ref
    if found is None:
        raise all_of(broken) if broken else IndexInvalid(f"{index.uri}: contains no objects")
    return found


def ranges(refs: Iterable[ObjectRef], recipe: Recipe) -> Iterator[ObjectRef]:
    """The ranges of all samples, in order; each but the last has `recipe.views` samples.

    Raises: IndexInvalid.
    """
    classes, models = _sorted(refs, recipe)
    scenes, plan = recipe.scenes, plan_of(recipe)
    listed = (ref.file_identifier for number in sorted(models) for ref in models[number])
    numbers = {identifier: number for number, identifier in enumerate(dict.fromkeys(listed))}
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
                recipe.seeded_by, scenes.idx_offset + start, scenes.idx_offset + end - 1
            ),
            scenes=Scenes(
                plan=plan,
                first=scenes.idx_offset + start,
                classes=classes,
                groups=tuple(groups),
                members=tuple(ref for _, ref in members.values()),
                numbers=tuple(numbers[identifier] for identifier in members),
            ),
        )


def class_of(ref: ObjectRef) -> str:
    """An object's class: from its annotations, else the name of the folder in its identifier."""
    about = ref.metadata
    if isinstance(about, str):  # Objaverse-XL's Parquet files have JSON in a string
        try:
            about = json.loads(about)
        except (ValueError, RecursionError):
            about = None
    if isinstance(about, dict):
        for field in CLASS_FIELDS:
            value = about.get(field)
            if isinstance(value, (str, int)) and str(value).strip():
                return str(value).strip()
    path = ref.file_identifier.partition("://")[2] or ref.file_identifier
    return PurePosixPath(path.partition("!/")[0]).parent.name or UNNAMED


def _sorted(
    refs: Iterable[ObjectRef], recipe: Recipe
) -> tuple[tuple[str, ...], dict[int, list[ObjectRef]]]:
    """The class names; and by class number, for those drawn, the models sorted by identifier."""
    found: dict[str, dict[str, ObjectRef]] = {}
    for ref in refs:
        if ref.scenes is not None:
            raise IndexInvalid("the list mixes objects and ranges of scenes; use only one kind")
        found.setdefault(class_of(ref), {}).setdefault(ref.file_identifier, ref)
    classes = recipe.scenes.classes or _all_classes(found)
    if len(classes) > MOST_CLASSES:
        raise IndexInvalid(
            f"the list has {len(classes)} classes ({', '.join(classes[:3])}, …); the limit is "
            f"{MOST_CLASSES}: choose classes with --set scenes.classes='[\"…\"]', or give the "
            "objects a category in their metadata"
        )
    drawn = recipe.scenes.class_idxs or range(len(classes))
    if wrong := [number for number in drawn if number >= len(classes)]:
        raise IndexInvalid(
            f"'scenes.class_idxs' has {wrong[0]}, but there are {len(classes)} classes"
        )
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
            "classes with fewer objects than scenes.buckets: buckets share them", classes=few[:3]
        )
    return tuple(classes), models


def _all_classes(found: Iterable[str]) -> tuple[str, ...]:
    names = set(found)
    known = [name for name in STUDY if name in names]
    return (*known, *sorted(names - set(known)))


def _group(
    first: int, recipe: Recipe, models: dict[int, list[ObjectRef]]
) -> Iterator[tuple[int, list[ObjectRef]]]:
    """For each object position of the group at sample `first`: its class and the objects drawn.

    `first` is counted without `scenes.idx_offset`.
    """
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
    """The models of a bucket; all models if there are fewer than buckets."""
    if len(refs) < buckets:
        return refs
    low, high = (len(refs) * number // buckets for number in (bucket, bucket + 1))
    return refs[low:high]
