"""Ranges of samples: disjoint, complete, the same for every rank, split as the study splits."""

import itertools
import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker import presets
from worker.core.errors import IndexInvalid, UsageError
from worker.core.s3 import S3Options
from worker.index import builder
from worker.index.reader import open_index
from worker.index.record import Group, ObjectRef, Scenes, SceneSlot
from worker.index.resolve import relate, resolve
from worker.index.scenes import STUDY, arranged, class_of, ranges

S3 = S3Options()


def refs(classes=3, each=30):
    return [
        ObjectRef(file_identifier=f"class{kind}/{number:03d}.obj", path=f"/m/{kind}/{number}.obj")
        for kind in range(classes)
        for number in range(each)
    ]


def recipe(preset="scenes-plain", **keys):
    return presets.load(
        preset, [f"{key.replace('__', '.')}={value}" for key, value in keys.items()]
    )


def samples(made):
    """(idx, [(class, names of the candidates)]) of every sample."""
    for ref in made:
        idx = ref.scenes.first
        for group in ref.scenes.groups:
            shown = [
                (place.class_idx, [ref.scenes.members[n].file_identifier for n in place.members])
                for place in group.places
            ]
            for _ in range(group.samples):
                yield idx, shown
                idx += 1


@settings(deadline=None, max_examples=60)
@given(
    total=st.integers(1, 300), views=st.integers(1, 60), reuse=st.integers(1, 40),
    offset=st.integers(0, 10**6), objects=st.integers(1, 4),
)  # fmt: skip
def test_every_sample_is_in_one_range(total, views, reuse, offset, objects):
    made = list(
        ranges(
            refs(),
            recipe(scenes__samples=total, views=views, scenes__reuse=reuse,
                   scenes__idx_offset=offset, scenes__objects=objects),
        )
    )  # fmt: skip
    found = [idx for idx, _ in samples(made)]
    assert found == list(range(offset, offset + total))
    assert {ref.scenes.samples for ref in made[:-1]} <= {views}
    assert len({ref.uid for ref in made}) == len(made)
    for ref in made:
        first, last = ref.file_identifier.rpartition("/")[2].split("-")
        assert (int(first), int(last)) == (
            ref.scenes.first,
            ref.scenes.first + ref.scenes.samples - 1,
        )


def test_the_lists_order_and_the_zips_size_decide_nothing():
    of = {"scenes__samples": 240, "scenes__objects": 3, "scenes__reuse": 7}
    here = list(samples(ranges(refs(), recipe(views=20, **of))))
    assert list(samples(ranges(reversed(refs()), recipe(views=20, **of)))) == here
    assert list(samples(ranges(refs(), recipe(views=11, **of)))) == here


def test_another_seed_draws_others():
    one, other = (
        list(samples(ranges(refs(), recipe(scenes__samples=60, seed=seed)))) for seed in (0, 1)
    )
    assert one != other


def test_a_later_part_of_a_data_set_shows_others():
    recipes = (recipe(scenes__samples=60, scenes__idx_offset=first) for first in (0, 60))
    one, other = ([shown for _, shown in samples(ranges(refs(), each))] for each in recipes)
    assert one != other


def test_buckets_share_no_object():
    made = ranges(refs(2, 30), recipe(scenes__samples=1200, scenes__reuse=5, scenes__spares=2))
    buckets = [set() for _ in range(12)]
    for idx, shown in samples(made):
        buckets[idx // 100].update(name for _, names in shown for name in names)
    for one, other in itertools.combinations(buckets, 2):
        assert not one & other
    assert len(set().union(*buckets)) > 50


def test_single_objects_take_the_classes_in_turn():
    made = list(samples(ranges(refs(4, 12), recipe(scenes__samples=480))))
    classes = [shown[0][0] for _, shown in made]
    assert classes[::10] == [0, 1, 2, 3] * 12
    assert all(classes[i] == classes[i - i % 10] for i in range(480))


def test_only_the_classes_asked_for():
    made = ranges(refs(5), recipe("scenes-multi", scenes__samples=100, scenes__class_idxs="[1,3]"))
    assert {kind for _, shown in samples(made) for kind, _ in shown} == {1, 3}
    made = ranges(
        refs(5), recipe("scenes-multi", scenes__samples=100, scenes__classes='["class4","class0"]')
    )
    named = {
        (kind, name[:6]) for _, shown in samples(made) for kind, names in shown for name in names
    }
    assert named == {(0, "class4"), (1, "class0")}


def test_the_studys_classes_have_the_studys_numbers():
    models = [
        ObjectRef(file_identifier=f"{synset}/a", metadata={"synset": synset, "model": "a"})
        for synset in ("00000001", *reversed(STUDY))
    ]
    (first, *_) = ranges(models, recipe(scenes__samples=20))
    assert first.scenes.classes == (*STUDY, "00000001")


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        (ObjectRef(file_identifier="chairs/0041.glb"), "chairs"),
        (ObjectRef(file_identifier="a.glb"), "object"),
        (ObjectRef(file_identifier="https://example.org/sofa/a.glb?x=1"), "sofa"),
        (ObjectRef(file_identifier="tables.zip!/b/c.obj"), "object"),
        (ObjectRef(file_identifier="x/y.glb", metadata={"category": "lamp"}), "lamp"),
        (ObjectRef(file_identifier="x/y.glb", metadata='{"category": "bench"}'), "bench"),
        (ObjectRef(file_identifier="x/y.glb", metadata="not JSON"), "x"),
        (ObjectRef(file_identifier="x/y.glb", metadata={"category": ["a"]}), "x"),
    ],
)
def test_class_of(ref, name):
    assert class_of(ref) == name


@pytest.mark.parametrize(
    ("keys", "count", "message"),
    [
        ({"scenes__class_idxs": "[7]"}, 3, "has 7, but there are 3"),
        ({"scenes__classes": '["sofa"]'}, 3, "no object of class 'sofa' in the list; it has: cl"),
        ({}, 120, r"the list has 120 classes \(class0, .*; the limit is 99"),
    ],
)  # fmt: skip
def test_classes_that_are_not_there(keys, count, message):
    with pytest.raises(IndexInvalid, match=message):
        list(ranges(refs(count, 1), recipe(**keys)))


def test_an_index_of_ranges_is_what_a_run_over_the_list_draws(tmp_path):
    lines = "".join(f'{{"fileIdentifier": "{ref.file_identifier}"}}\n' for ref in refs())
    (tmp_path / "list.jsonl").write_text(lines)
    source = str(tmp_path / "list.jsonl")
    wanted = recipe("scenes-multi", scenes__samples=200)
    direct = arranged(open_index(source, S3), wanted)
    assert direct.objects == 10
    builder.build(source, str(tmp_path / "objects"), shard_size=20)
    for number, objects in enumerate((source, str(tmp_path / "objects" / "index.json"))):
        to = tmp_path / f"ranges{number}"
        built = builder.build(
            objects, str(to), shard_size=4, arrange=lambda found: ranges(found, wanted)
        )
        assert (built.objects, built.shards) == (10, 3)
        index = arranged(open_index(str(to), S3), wanted)
        read = [ref for shard in index.shards for ref in index.read(shard)]
        assert read == list(direct.read(direct.shards[0]))
    with pytest.raises(IndexInvalid, match="drawn for another preset or other --set options"):
        arranged(open_index(str(to), S3), recipe("scenes-multi", scenes__samples=180))
    with pytest.raises(IndexInvalid, match="objects and ranges"):
        list(ranges(read, wanted))
    assert arranged(open_index(source, S3), presets.load("default")).objects == 90


def test_more_zips_than_memory_should_hold_are_drawn_beforehand(tmp_path):
    (tmp_path / "list.jsonl").write_text(
        json.dumps({"fileIdentifier": "class0/a.obj", "path": "/m/a.obj"}) + "\n"
    )
    index = open_index(str(tmp_path / "list.jsonl"), S3)
    with pytest.raises(IndexInvalid, match=r"5,000,000 zips.*render-worker index scenes"):
        arranged(index, recipe(scenes__samples=100_000_000))


def test_an_index_is_no_list_where_nothing_is_arranged(tmp_path):
    builder.build(_list_in(tmp_path), str(tmp_path / "a"))
    with pytest.raises(UsageError, match="is already an index"):
        builder.build(str(tmp_path / "a" / "index.json"), str(tmp_path / "b"))


def _list_in(folder):
    (folder / "list.txt").write_text("a.glb\n")
    return str(folder / "list.txt")


ONE = (ObjectRef(file_identifier="a/b.glb"),)


def scene(members=(0,), class_idx=0, samples=1, refs=ONE, numbers=()):
    places = (SceneSlot(class_idx=class_idx, members=members),)
    return ObjectRef(
        file_identifier="scenes/x/0-0",
        scenes=Scenes(plan="", first=0, classes=("a",), members=refs,
                      groups=(Group(samples=samples, places=places),), numbers=numbers),
    )  # fmt: skip


@pytest.mark.parametrize("order", [1, -1])
def test_an_object_has_the_same_number_in_every_range(order):
    """Its place among all that are drawn from: by class, then by identifier."""
    listed = refs()
    made = list(ranges(listed[::order], recipe("scenes-multi", scenes__samples=100)))
    shown = set()
    for ref in made:
        for member, number in zip(ref.scenes.members, ref.scenes.numbers, strict=True):
            assert listed[number] == member
            shown.add(number)
        assert resolve(ref, "/lists", "list:1").scenes.numbers == ref.scenes.numbers
    assert len(shown) > 20
    some = ranges(listed, recipe("scenes-multi", scenes__samples=20, scenes__class_idxs="[2]"))
    assert {number < 30 for ref in some for number in ref.scenes.numbers} == {True}


def test_members_places_are_resolved_and_related():
    here = resolve(scene(), "/lists", "list:1")
    assert here.scenes.members[0].path == "/lists/a/b.glb"
    assert here.path is None
    assert relate(here, "/lists").scenes.members[0].path == "a/b.glb"


@pytest.mark.parametrize(
    "wrong",
    [scene(members=(1,)), scene(members=(-1,)), scene(members=()), scene(class_idx=1),
     scene(samples=0), scene(refs=(scene(),)), scene(numbers=(0, 1)), scene(numbers=(-1,))],
)  # fmt: skip
def test_a_range_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(IndexInvalid, match=r"list:1: field scenes"):
        resolve(wrong, "/lists", "list:1")


def test_a_list_from_elsewhere_may_name_no_local_member():
    local = scene(refs=(ObjectRef(file_identifier="x", path="/etc/passwd"),))
    with pytest.raises(IndexInvalid, match="local path"):
        resolve(local, "https://example.org/lists", "list:1")


def test_a_record_without_scenes_is_written_as_before():
    ref = ObjectRef(file_identifier="a.glb")
    assert json.loads(msgspec.json.encode(ref)) == {"fileIdentifier": "a.glb"}
