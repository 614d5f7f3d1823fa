"""A range's objects brought here: what is lost for good, what may pass, what is given back."""

from pathlib import Path

import pytest

from worker.core.errors import Download, Missing, StoreError
from worker.index.record import Group, ObjectRef, Scenes, SceneSlot
from worker.sources import scene_members
from worker.sources.base import FetchedObject, Lost

NAMES = ("a", "b", "c")
REFS = tuple(ObjectRef(file_identifier=name) for name in NAMES)


def bring(wrong, places=((0, 1), (2,))):
    """Fetch a range whose objects go wrong as `wrong` says; gives it and what was given back."""
    scenes = Scenes(
        plan="", first=0, classes=("chair",), members=REFS,
        groups=(Group(samples=1, places=tuple(SceneSlot(class_idx=0, members=m) for m in places)),),
    )  # fmt: skip
    ref = ObjectRef(file_identifier="scenes/x/0-0", scenes=scenes)
    released = []

    def one(member):
        if member.file_identifier in wrong:
            raise wrong[member.file_identifier]
        return FetchedObject(
            ref=member, root=Path("/r"), model="m.glb", sha256=member.file_identifier, size=2
        )

    try:
        return scene_members.fetch(ref, scenes, Path("/r"), one, released.append), released
    except Exception as error:
        error.released = [each.ref.file_identifier for each in released]
        raise


def test_all_are_here():
    found, released = bring({})
    assert [each.ref.file_identifier for each in found.members] == list(NAMES)
    assert found.size == 6
    assert not released
    assert found.sha256 != bring({"a": Missing("gone")})[0].sha256


def test_a_lost_one_is_told_and_left_out():
    found, _ = bring({"a": Missing("gone")})
    assert found.members[0] == Lost("missing", "gone")
    assert found.size == 4


def test_nothing_left_for_a_place():
    with pytest.raises(
        Missing, match=r"one place of class chair can be fetched; member .*: gone"
    ) as e:
        bring({"c": Missing("gone")})
    assert e.value.released == ["a", "b"]


@pytest.mark.parametrize("error", [Download("slow"), StoreError("down")])
def test_what_may_pass_is_the_ranges_own(error):
    with pytest.raises(type(error)) as raised:
        bring({"b": error})
    assert raised.value.released == ["a"]


def test_what_may_pass_names_the_member():
    with pytest.raises(Download, match=f"member {REFS[1].uid}: slow"):
        bring({"b": Download("slow")})
