"""job.json and export.json: written once, the same to the byte, and every value in them checked."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import structlog.testing

from worker import __version__
from worker.core import keys
from worker.core.errors import ExitStatus, OutputMismatch, StoreError
from worker.manifests import ExportManifest, OutputManifest
from worker.manifests.base import Manifest
from worker.stores import open_store
from worker.stores.folder import FolderStore

JOB = OutputManifest(
    format="render-worker-job", version=1, index="1a" * 32, objects=3, preset="2b" * 32,
    preset_name="default", recipe={"views": 12, "camera": {"fov": [40.0, 40.0]}}, worker="0.1.0",
    blender="4.5.15 LTS",
)  # fmt: skip
JOB_BYTES = (
    b'{\n  "format": "render-worker-job",\n  "version": 1,\n  "index": "' + b"1a" * 32
    + b'",\n  "objects": 3,\n  "preset": "' + b"2b" * 32
    + b'",\n  "preset_name": "default",\n  "recipe": {\n    "views": 12,\n    "camera": {\n'
    b'      "fov": [\n        40.0,\n        40.0\n      ]\n    }\n  },\n'
    b'  "worker": "0.1.0",\n  "blender": "4.5.15 LTS"\n}\n'
)  # fmt: skip
EXPORT = ExportManifest(
    format="render-worker-export", version=1, kind="nerf", options={"layout": "blender"},
    index="1a" * 32, preset="2b" * 32, preset_name="default", worker="0.1.0",
)  # fmt: skip
EXPORT_BYTES = (
    b'{\n  "format": "render-worker-export",\n  "version": 1,\n  "kind": "nerf",\n'
    b'  "options": {\n    "layout": "blender"\n  },\n  "index": "' + b"1a" * 32
    + b'",\n  "preset": "' + b"2b" * 32
    + b'",\n  "preset_name": "default",\n  "objects": null,\n  "worker": "0.1.0"\n}\n'
)  # fmt: skip
both = pytest.mark.parametrize(
    ("manifest", "body"), [(JOB, JOB_BYTES), (EXPORT, EXPORT_BYTES)], ids=["job", "export"]
)


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "place"))


def other(manifest: Manifest, **values: object) -> Manifest:
    return msgspec.structs.replace(manifest, **values)


def refusal(manifest: Manifest, store, **options: bool) -> str:
    """What a person is told who may not go on: one line, and the status for a wrong input."""
    with pytest.raises(OutputMismatch) as error:
        manifest.bind(store, **options)
    assert error.value.exit_status == ExitStatus.CONFIGURATION
    assert "\n" not in str(error.value)
    return str(error.value)


@both
def test_the_file_has_these_bytes_and_is_read_from_them(store, manifest, body):
    manifest.bind(store)
    assert store.read(manifest.KEY) == body
    assert type(manifest).read(store) == manifest
    manifest.bind(store)
    assert store.read(manifest.KEY) == body


def test_a_data_set_is_bound_to_its_selection(store):
    some = other(EXPORT, only=("a*", "b"))
    some.bind(store)
    assert json.loads(store.read(keys.EXPORT))["only"] == ["a*", "b"]
    assert ExportManifest.read(store).patterns == ("a*", "b")
    some.bind(store)
    said = refusal(EXPORT, store)
    assert "another selection: --only 'a*' --only 'b', not every object; use the same, or" in said
    assert "not --only 'b'" in refusal(other(EXPORT, only=("b",)), store)


@pytest.mark.parametrize(
    ("begun", "now"),
    [("4.5.15 LTS", "4.5.0"), ("4.5.15 LTS", "4.5"), ("3.4.1", "3.4.1 Alpha"), ("none", "none")],
)
@pytest.mark.parametrize("program", ["worker", "blender"])
def test_what_follows_major_and_minor_may_differ_silently(store, program, begun, now):
    other(JOB, **{program: begun}).bind(store)
    with structlog.testing.capture_logs() as logs:
        other(JOB, **{program: now}).bind(store)
    assert logs == []
    assert getattr(OutputManifest.read(store), program) == begun


SERIES = {
    "minor": ("4.5.15 LTS", "4.2.1", "4.5"),
    "major": ("4.5.15 LTS", "5.5.15", "4.5"),
    "ten is not one": ("4.1.0", "4.10.0", "4.1"),
    "a version begun with that is none": ("", "4.5.15", "''"),
    "a version at work that is none": ("4.5.15", "unknown", "4.5"),
    "two that are none": ("a\nb", "c", "'a\\nb'"),
}


@pytest.mark.parametrize(("begun", "now", "wanted"), SERIES.values(), ids=SERIES)
@pytest.mark.parametrize(
    ("manifest", "field", "program", "elsewhere"),
    [
        (JOB, "blender", "Blender", "another --output"),
        (JOB, "worker", "render-worker", "another --output"),
        (EXPORT, "worker", "render-worker", "--to"),
    ],
    ids=["job's Blender", "job's worker", "export's worker"],
)
def test_another_series_is_refused_by_both_its_names_unless_mixed(
    store, manifest, field, program, elsewhere, begun, now, wanted
):
    other(manifest, **{field: begun}).bind(store)
    before = store.read(manifest.KEY)
    mine = other(manifest, **{field: now})
    said = refusal(mine, store)
    shown = [version if version[:1].isdigit() else repr(version) for version in (begun, now)]
    assert f"begun with {program} {shown[0]}, but this is {program} {shown[1]};" in said
    for word in (manifest.KEY, f"use {program} {wanted},", elsewhere, "--mix-versions"):
        assert word in said
    with structlog.testing.capture_logs() as logs:
        mine.bind(store, mix_versions=True)
    (warning,) = logs
    assert warning["log_level"] == "warning"
    assert warning["begun_with"] == {program: begun}
    assert warning["now"][program] == now
    assert store.read(manifest.KEY) == before


def test_a_run_refuses_another_worker_before_its_blender_is_known(store):
    digests = {"index": JOB.index, "preset": JOB.preset}
    OutputManifest.check(store, **digests)
    other(JOB, worker="99.7.1", blender="1.0").bind(store)
    with pytest.raises(OutputMismatch, match=rf"99\.7\.1, but this is render-worker {__version__}"):
        OutputManifest.check(store, **digests)
    OutputManifest.check(store, **digests, mix_versions=True)
    for name in digests:
        with pytest.raises(OutputMismatch, match=f"another {name}"):
            OutputManifest.check(store, **digests | {name: "3c" * 32}, mix_versions=True)


@pytest.mark.parametrize("mix", [False, True])
@pytest.mark.parametrize(
    ("manifest", "values", "said"),
    [
        (JOB, {"index": "3c" * 32}, "another index: 1a1a1a1a1a1a…, not 3c3c3c3c3c3c…"),
        (JOB, {"preset": "3c" * 32}, "another preset (it was made with 'default'): 2b2b"),
        (JOB, {"preset": "2b" * 31 + "00"}, "another preset"),  # the last byte counts too
        (EXPORT, {"kind": "hdf5"}, "another kind: nerf, not hdf5"),
        (EXPORT, {"options": {"layout": "nsvf"}}, "another options"),
        (EXPORT, {"index": "3c" * 32}, "another index of the renders: 1a1a1a1a1a1a…"),
        (EXPORT, {"preset": "3c" * 32}, "another preset of the renders"),
        (EXPORT, {"objects": "4d" * 32}, "more objects were rendered"),
    ],
)
def test_what_makes_other_files_is_refused_also_when_versions_are_mixed(
    store, manifest, values, said, mix
):
    manifest.bind(store)
    assert said in refusal(other(manifest, **values), store, mix_versions=mix)


def test_a_place_is_of_one_kind(store, tmp_path):
    JOB.bind(store)
    assert "is an output of renders" in refusal(EXPORT, store)
    elsewhere = open_store(str(tmp_path / "elsewhere"))
    EXPORT.bind(elsewhere)
    assert "is a data set" in refusal(JOB, elsewhere)
    with pytest.raises(OutputMismatch, match="is a data set"):
        OutputManifest.check(elsewhere, index=JOB.index, preset=JOB.preset)
    assert [entry.key for entry in store.list()] == [keys.JOB]
    assert [entry.key for entry in elsewhere.list()] == [keys.EXPORT]


@both
def test_a_file_of_another_format_or_version_is_not_read(store, tmp_path, manifest, body):
    later = json.loads(body) | {"version": 2}
    del later["preset_name"]  # as a later version may do
    store.create(manifest.KEY, json.dumps(later).encode())
    said = refusal(manifest, store, mix_versions=True)
    assert f"{manifest.KEY} has format version 2, but this program reads version 1" in said
    foreign = open_store(str(tmp_path / "foreign"))
    foreign.create(manifest.KEY, json.dumps(json.loads(body) | {"format": "a\nb"}).encode())
    assert "of this program: its format is 'a\\nb'" in refusal(manifest, foreign)


class Raced(FolderStore):
    """A folder in which another worker writes its manifest just before this one."""

    theirs: OutputManifest
    stays = True

    def create(self, key: str, body: bytes | Path) -> bool:
        self.theirs.bind(FolderStore(Path(self.uri)))
        made = super().create(key, body)
        if not self.stays:
            (Path(self.uri) / key).unlink()
        return made


@pytest.fixture
def raced(tmp_path):
    return Raced(tmp_path / "raced")


def test_the_first_of_two_that_begin_at_once_binds_the_other(raced):
    raced.theirs = other(JOB, blender="4.5.1")
    JOB.bind(raced)
    assert OutputManifest.read(raced) == raced.theirs
    said = refusal(other(JOB, blender="3.4.1"), raced)
    assert "begun with Blender 4.5.1, but this is Blender 3.4.1" in said


def test_one_that_begins_at_once_with_another_blender_is_refused(raced):
    raced.theirs = other(JOB, blender="3.4.1")
    assert "begun with Blender 3.4.1, but this is Blender 4.5.15 LTS" in refusal(JOB, raced)


def test_a_manifest_that_goes_as_it_is_read_binds_nothing(raced):
    raced.theirs, raced.stays = other(JOB, blender="4.5.1"), False
    with pytest.raises(StoreError, match=r"job\.json was removed"):
        JOB.bind(raced)
