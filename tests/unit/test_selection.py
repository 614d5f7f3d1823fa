"""`--only`: what a pattern selects, and what is said where it selects nothing."""

from __future__ import annotations

import pytest

from worker.core import keys
from worker.core.errors import ConfigurationError
from worker.index.record import ObjectRef
from worker.index.selection import Selection

LIST = [
    ObjectRef(file_identifier=name)
    for name in (
        "chairs/red chair.glb",
        "chairs/old/stool.obj",
        "[new] lamp.fbx",
        "n lamp.fbx",
        "https://github.com/o/r/blob/" + "a" * 40 + "/models/my%20desk.stl",
        "parts.zip!/deep/bolt.ply",
        "https://sketchfab.com/3d-models/" + "b" * 32,
    )
]
CHAIR, STOOL, NEW, N, DESK, BOLT, SKETCHFAB = (ref.file_identifier for ref in LIST)


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ((), [ref.file_identifier for ref in LIST]),
        (("red chair.glb",), [CHAIR]),
        ((CHAIR,), [CHAIR]),
        (("chairs/*",), [CHAIR, STOOL]),
        (("*.obj", "bolt.ply"), [STOOL, BOLT]),
        ((NEW,), [NEW, N]),  # as a glob, it is the second
        (("my desk.stl",), [DESK]),
        ((DESK,), [DESK]),
        (("b" * 32,), [SKETCHFAB]),
        ((keys.uid_of(STOOL),), [STOOL]),
        ((keys.uid_of(STOOL)[:13] + "*",), [STOOL]),
        (("Red chair.glb",), []),
        (("chair.glb",), []),
        (("stool",), []),
    ],
)
def test_what_a_pattern_selects(patterns, found):
    only = Selection(patterns)
    assert [ref.file_identifier for ref in LIST if only.matches(ref)] == found


def test_a_name_needs_no_uids(monkeypatch):
    monkeypatch.setattr(keys, "uid_of", lambda _: pytest.fail("a uid was computed"))
    Selection(("chairs/*", "*.obj", "bolt.ply")).check(LIST, "object")


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        (("red chiar.glb",), ["'red chiar.glb'", "did you mean 'red chair.glb'?"]),
        (("models/stol.obj",), ["did you mean 'stool.obj'?"]),
        (("qqq",), ["matches no object of a list, such as 'red chair.glb', 'stool.obj'"]),
        (("*.obj", "bolt.plyy"), ["'bolt.plyy'", "did you mean 'bolt.ply'?"]),
        (("a\nb",), [r"'a\nb'"]),
    ],
)
def test_a_pattern_that_selects_nothing_is_one_line_with_the_nearest_names(patterns, words):
    with pytest.raises(ConfigurationError) as caught:
        Selection(patterns).check(LIST, "object of a list")
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_no_more_is_read_than_is_needed():
    def objects():
        yield from LIST[:2]
        pytest.fail("it read on")

    Selection(("*.obj", "chairs/*")).check(objects(), "object")
    Selection().check(objects(), "object")
