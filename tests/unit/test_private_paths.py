"""Paths of the machine in messages: what is recognised as one, and what is left of it."""

import re
import sys
from pathlib import Path

import pytest

from worker.core.errors import Crash, ImportFailed, InternalError
from worker.index.record import Group, ObjectRef, Scenes, SceneSlot
from worker.run.step import step
from worker.sources import private_folders
from worker.sources.names import called
from worker.supervisor.reasons import without_paths

FOLDERS = ("/data/models/chairs", "/data/models", "/scratch/render-worker-x/raw", "/tmp")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/data/models/chairs/a.glb: no such file", "a.glb: no such file"),
        ("'/data/models/b/a.glb'", "'b/a.glb'"),
        ("layer @/data/models/a.usda@, @/data/models/b.usda@", "layer @a.usda@, @b.usda@"),
        ("file:///data/models/a.glb", "file://a.glb"),
        ("Read blend: /scratch/render-worker-x/raw", "Read blend: raw"),
        ("in /data/models.", "in models."),
        ("/data/models2/a /data/models.old/b", "/data/models2/a /data/models.old/b"),
        ("/var/tmp/x.png ~/tmp/y ./tmp/z", "/var/tmp/x.png ~/tmp/y ./tmp/z"),
        ("C:\\tmp\\wood.png, /home/author/wood.png", "C:\\tmp\\wood.png, /home/author/wood.png"),
        ("/tmp//deep///x", "deep///x"),
        (r"said\n/data/models/chairs/a", r"said\na"),
    ],
)
def test_paths_become_relative_to_their_folder(text, left):
    assert without_paths(text, FOLDERS) == left


@pytest.mark.parametrize("folder", ["/", "", "//"])
def test_a_folder_without_a_name_takes_nothing(folder):
    assert without_paths("a/b /c/d", [folder]) == "a/b /c/d"


def test_the_folders_are_those_of_the_objects_and_this_process(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    member = ObjectRef(file_identifier="m", path="/shelf/of/chairs/m.glb")
    place = Group(samples=1, places=(SceneSlot(class_idx=0, members=(0,)),))
    scenes = Scenes(plan="", first=0, classes=("chair",), groups=(place,), members=(member,))
    found = private_folders.of(
        [
            ObjectRef(file_identifier="a", path=f"{tmp_path}/link/a.glb"),
            ObjectRef(file_identifier="b", path="/mnt/set.zip!/x/y.glb", root="/mnt/set.zip!/x"),
            ObjectRef(file_identifier="c", url="https://example.org/c.glb"),
            ObjectRef(file_identifier="file:///disk/of/files/d.glb"),
            ObjectRef(file_identifier="e", path="/nul/\0/e.glb"),
            ObjectRef(file_identifier="f", scenes=scenes),
        ],
        ["/out/put"],
    )
    assert found >= {
        f"{tmp_path}/link", f"{tmp_path}/real", str(tmp_path), "/mnt", "/mnt/set.zip",
        "/disk/of/files", "/disk/of", "/shelf/of/chairs", "/out/put", "/home/me", sys.prefix,
        str(Path(private_folders.__file__).parents[2]),
    }  # fmt: skip
    assert not found & {"/", "", ".", "/disk", "/shelf", "/out", "/home"}
    assert not [each for each in found if "example.org" in each]


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("/data/models/a.glb", "a.glb"),
        ("file:///data/models/a.glb", "a.glb"),
        ("/data/set.zip!/x/a.glb", "set.zip!/x/a.glb"),
        ("https://example.org/x/a.glb", "https://example.org/x/a.glb"),
        ("s3://bucket/set.zip!/x/a.glb", "s3://bucket/set.zip!/x/a.glb"),
    ],
)
def test_how_messages_call_an_object(location, name):
    assert called(ObjectRef(file_identifier=location)) == name


def test_a_step_shortens_messages_and_logs():
    tail = ("Read /data/models/a.blend", f"in {Path.home()}/.config")
    with pytest.raises(Crash) as crash, step("render", {}, lambda: FOLDERS):
        raise Crash("Blender died: it has /data/models/x open", tail)
    assert str(crash.value) == "Blender died: it has x open"
    assert crash.value.log_tail[0] == "Read a.blend"
    assert crash.value.step == "render"
    with pytest.raises(ImportFailed) as failed, step("render", {}):
        raise ImportFailed("no", tail)
    assert failed.value.log_tail[1] == "in .config"
    with pytest.raises(InternalError) as bug, step("pack", {}, lambda: FOLDERS):
        Path("/data/models/nowhere/x").read_bytes()
    assert "No such file or directory: 'nowhere/x'; a bug in the worker" in str(bug.value)


def test_a_bug_is_named_by_its_type_and_place():
    with pytest.raises(InternalError) as bug, step("fetch", {}):
        private_folders.of([ObjectRef(file_identifier="a", path=7)])  # no list can hold one
    assert re.match(
        r"AttributeError in worker/\w+(/\w+)*\.py:\d+: .*; a bug in the worker: report it",
        str(bug.value),
    )
    assert bug.value.retryable


def test_a_location_without_a_folder_ends_no_run():
    def folders():
        raise ValueError("embedded null byte")

    with pytest.raises(Crash, match=r"^it has render-worker-x open$"), step("fetch", {}, folders):
        raise Crash(f"it has {Path.home()}/render-worker-x open")
