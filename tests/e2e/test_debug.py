"""`render-worker debug`: one object in hand, whatever became of it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.command_line import ROOT, command, environment, run_worker
from tests.e2e.debugged import CPU, again, debug, names, outcome
from tests.fault_injection.child import HOLD
from tests.integration.blender.driver import DEBIAN
from tests.patience import HANG_S, until
from tests.tools.programs import faulty, program
from worker import presets
from worker.core import keys
from worker.supervisor import canary

PATIENT = ("--view-timeout", 2 * HANG_S, "--object-timeout", 2 * HANG_S)
SCENE = "scene.blend"
EITHER = pytest.mark.parametrize(
    "blender", ["bpy", pytest.param(DEBIAN, marks=pytest.mark.debian_blender)]
)


def need(blender):
    if blender != "bpy" and not DEBIAN.exists():
        pytest.skip(f"NOT TESTED under a Blender program: no {DEBIAN} (apt-get install blender)")


def opened(scene, folder, blender):
    """The views of a saved scene, rendered by the Blender that saved it."""
    folder.mkdir()
    script = str(ROOT / "tests" / "integration" / "blender" / "render_saved.py")
    words = [sys.executable, script]
    if blender != "bpy":
        words = [str(blender), "-b", "--factory-startup", "--disable-autoexec",
                 "--python-exit-code", "70", "--python", script]  # fmt: skip
    subprocess.run([*words, "--", scene, folder], check=True, capture_output=True, timeout=HANG_S)
    return [np.asarray(Image.open(path), int) for path in sorted(folder.iterdir())]


@EITHER
@pytest.mark.parametrize("name", ["crate.obj", "mushroom.gltf", "pawn.glb"])
def test_a_rendered_object_leaves_everything(name, blender, samples, tmp_path):
    need(blender)
    options = ("--set", "resolution=64", "--blender", blender)
    run_worker("run", samples, "--only", name, "--output", tmp_path / "out", *CPU, *options)
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "elsewhere" / "debug"
    said = debug(samples, folder, "--only", name, "--output", tmp_path / "out", "--blender",
                 blender, *options[:2])  # fmt: skip
    uid = keys.uid_of(name)
    assert "Rendered: 2 views." in said
    assert "The zip has the same bytes as the one in the output." in said
    zipped = (folder / keys.debug_zip(uid)).read_bytes()
    assert zipped == (tmp_path / "out" / keys.render_zip(uid)).read_bytes() == again(folder)
    recipe = presets.load(str(folder / keys.DEBUG_RECIPE))
    job = json.loads((tmp_path / "out" / keys.JOB).read_text())
    assert presets.digest(recipe) == job["preset"]
    (line,) = (folder / keys.DEBUG_HISTORY).read_text().splitlines()
    assert json.loads(line)["outcome"] == "rendered"
    assert "Saved: " in (folder / keys.DEBUG_LOG).read_text()
    files = {
        "crate.obj": {"crate.obj", "crate.mtl", "crate.png"},
        "mushroom.gltf": {"mushroom.gltf", "mushroom.bin"},
        "pawn.glb": {"pawn.glb"},
    }[name]
    assert names(folder / keys.DEBUG_FILES) == files
    assert names(folder / keys.DEBUG_RAW) == {"000.exr", "001.exr"}
    channels = OpenEXR.File(str(folder / keys.DEBUG_RAW / "000.exr")).channels()
    assert any(channel.endswith("Combined") for channel in channels)

    body = (folder / SCENE).read_bytes()
    assert str(tmp_path).encode() not in body
    assert str(samples).encode() not in body
    assert b"/child-" not in body  # its home
    assert f"{samples.name}/".encode() not in body, "no end of a path behind a shorter one"
    # Nothing but the scene itself is there where it is opened.
    (tmp_path / "moved").mkdir()
    shutil.move(folder / SCENE, tmp_path / "moved")
    shutil.rmtree(folder)
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        views = [
            np.asarray(Image.open(io.BytesIO(archive.read(f"{uid}/00{number}.png"))), int)
            for number in range(2)
        ]
    seen = opened(tmp_path / "moved" / SCENE, tmp_path / "pictures", blender)
    for view, picture in zip(views, seen, strict=True):
        assert view[..., 3].any()
        assert np.array_equal(view[..., 3], picture[..., 3])
        shown = view[..., 3] > 0
        # Blender and the worker may round to 8 bits differently.
        assert np.abs(view - picture)[shown].max() <= 1


def test_the_script_writes_where_the_person_is(samples, tmp_path):
    folder, here = tmp_path / "debug", tmp_path / "a place"
    here.mkdir()
    said = debug(samples, folder, "--only", "crate.obj", "--set", "views=1")
    assert "Rendered: 1 view." in said
    for output in ("../my output", tmp_path / "complete", (tmp_path / "uri").as_uri()):
        subprocess.run(
            ["sh", "../debug/render.sh", str(output)], cwd=here, env=environment(), check=True,
            capture_output=True, timeout=HANG_S,
        )  # fmt: skip
    zipped = keys.render_zip(keys.uid_of("crate.obj"))
    for name in ("my output", "complete", "uri"):
        assert (tmp_path / name / zipped).exists(), name
    assert not (folder / "again").exists()


def test_a_file_may_be_changed_before_it_is_rendered_again(samples, tmp_path):
    folder = tmp_path / "debug"
    debug(samples, folder, "--only", "crate.obj")
    with (folder / keys.DEBUG_FILES / "crate.obj").open("a") as model:
        model.write("# changed\n")
    assert again(folder) != (folder / keys.debug_zip(keys.uid_of("crate.obj"))).read_bytes()


def test_names_that_had_to_be_corrected(samples, tmp_path):
    models = tmp_path / "models"
    (models / "textures").mkdir(parents=True)
    shutil.copy(samples / "crate.obj", models)
    shutil.copy(samples / "crate.png", models / "textures")
    text = (samples / "crate.mtl").read_text().replace("crate.png", r"C:\author\crate.png")
    (models / "crate.mtl").write_text(text)
    (models / "other.obj").write_text(canary.CUBE)
    folder = tmp_path / "debug"
    debug(models, folder, "--only", "crate.obj")
    assert names(folder / keys.DEBUG_FILES) == {"crate.obj", "crate.mtl", "textures/crate.png"}
    assert (folder / keys.DEBUG_FILES / "crate.mtl").read_text() == text
    assert "textures/crate.png" in (folder / keys.DEBUG_STAGED / "crate.mtl").read_text()
    uid = keys.uid_of("crate.obj")
    assert again(folder) == (folder / keys.debug_zip(uid)).read_bytes()


LINKED = """
from pathlib import Path
from tests.truth import blend_linked
blend_linked.library(Path({folder!r}))
"""


def test_what_cannot_be_packed_lies_beside_the_scene(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    made = [sys.executable, "-c", LINKED.format(folder=str(models))]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True, timeout=HANG_S)
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "elsewhere" / "debug"
    debug(models, folder, "--only", "model.blend", "--set", "resolution=64")
    assert names(folder / keys.DEBUG_FILES) == {"model.blend", "lib/part.blend"}
    assert again(folder) == (folder / keys.debug_zip(keys.uid_of("model.blend"))).read_bytes()
    shutil.rmtree(models)
    moved = shutil.move(folder, tmp_path / "moved")
    for picture in opened(moved / SCENE, tmp_path / "pictures", "bpy"):
        assert picture[..., 3].mean() > 10


def test_a_moving_object_has_a_camera_at_each_frame(tmp_path):
    made = [sys.executable, "-m", "tests.sample_models", tmp_path / "models", "armature.glb"]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True, timeout=HANG_S)
    folder = tmp_path / "debug"
    debug(tmp_path / "models", folder, "--set", "subject.pose=spread", "--set", "resolution=64")
    uid = keys.uid_of("armature.glb")
    with zipfile.ZipFile(folder / keys.debug_zip(uid)) as archive:
        views = [
            np.asarray(Image.open(io.BytesIO(archive.read(f"{uid}/00{number}.png"))), int)
            for number in range(2)
        ]
    seen = opened(folder / SCENE, tmp_path / "pictures", "bpy")
    for view, picture in zip(views, seen, strict=True):
        assert np.array_equal(view[..., 3], picture[..., 3])


def test_hostile_names_are_quoted(tmp_path):
    name = 'it\'s $(touch pwned) `touch pwned` "x"; touch pwned #.obj'
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / name).write_text(canary.CUBE)
    folder = tmp_path / "a 'debug' $(touch pwned)"
    said = debug(tmp_path / "models", folder)
    assert said.startswith(f"{name}\n")
    assert again(folder) == (folder / keys.debug_zip(keys.uid_of(name))).read_bytes()
    assert not list(Path("/").glob("pwned"))
    assert not list(tmp_path.rglob("pwned"))


PHASES = {
    # fault: code, what README says of where, whether there is a scene, raw passes
    "segfault:import": ("crash", "step render, in its import", None, set()),
    "abort:scene": ("crash", "step render, in its scene", "as it was imported", set()),
    "leave:view": ("crash", "step render, in view 001", "ready to render", {"000.exr"}),
}


@pytest.mark.parametrize("fault", PHASES)
def test_a_crash_leaves_what_there_is_by_then(fault, samples, tmp_path):
    code, where, scene, raw = PHASES[fault]
    blender = faulty(tmp_path / "faulty-blender", f"{fault}:pawn.glb")
    folder = tmp_path / "debug"
    said = debug(samples, folder, "--only", "pawn.glb", "--blender", blender, *PATIENT, check=10)
    assert f"Failed with '{code}'" in said
    assert where in said
    assert outcome(folder)["code"] == code
    assert names(folder / keys.DEBUG_FILES) == {"pawn.glb"}
    assert (folder / keys.DEBUG_RAW).exists() == bool(raw)
    assert names(folder / keys.DEBUG_RAW) == raw
    assert (folder / SCENE).exists() == (scene is not None)
    assert scene is None or f"the scene {scene}" in said
    log = (folder / keys.DEBUG_LOG).read_text()
    assert log.count("child.py") >= 2 * (fault != "leave:view"), "a traceback of each attempt"
    saved = re.findall("^Saved: (?!.*canary).*/raw/000.exr", log, re.MULTILINE)
    assert len(saved) == (2 if raw else 0), "no line of the log is lost"
    assert log.count("=== Blender, process ") == 3, "two attempts, and a cube that tests the node"
    # The fault is not the object's, so with another Blender the script renders it.
    script = folder / keys.DEBUG_SCRIPT
    script.write_text(script.read_text().replace(str(blender), "bpy"))
    assert again(folder)


@pytest.mark.debian_blender
def test_a_blender_that_does_not_start_leaves_its_own_report(samples, tmp_path):
    """The program's handler of crashes writes a backtrace to the temporary folder."""
    need(DEBIAN)
    crash = "import ctypes; ctypes.string_at(0)"
    blender = program(tmp_path / "blender", f'exec {DEBIAN} --python-expr "{crash}" "$@"')
    folder = tmp_path / "debug"
    said = debug(samples, folder, "--only", "pawn.glb", "--blender", blender, check=69)
    assert "Ended by what is not the object's fault: Blender did not start" in said
    assert "backtrace" in (folder / keys.DEBUG_LOG).read_text()
    assert names(folder / keys.DEBUG_FILES) == {"pawn.glb"}


def test_a_deadline(samples, tmp_path):
    blender = faulty(tmp_path / "faulty-blender", "sleep:view:pawn.glb")
    folder = tmp_path / "debug"
    said = debug(samples, folder, "--only", "pawn.glb", "--blender", blender, "--view-timeout", 20,
                 check=10)  # fmt: skip
    assert "Failed with 'timeout'" in said
    assert "over 20 s in the phase 'view'" in said
    assert names(folder / keys.DEBUG_RAW) == {"000.exr"}
    assert (folder / SCENE).exists()


def test_what_the_object_itself_is_to_blame_for(samples, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "empty.obj").write_text("# nothing\n")
    (models / "points.obj").write_text("v 0 0 0\nv 1 1 1\n")
    (models / "cut.glb").write_bytes((samples / "pawn.glb").read_bytes()[:500])
    for name, code, scene in (
        ("empty.obj", "empty", True),
        ("points.obj", "empty", True),
        ("cut.glb", "import", False),
    ):
        folder = tmp_path / name
        said = debug(models, folder, "--only", name, check=10)
        assert f"Failed with '{code}'" in said
        assert names(folder / keys.DEBUG_FILES) == {name}
        assert (folder / SCENE).exists() == scene
        assert not (folder / keys.DEBUG_RAW).exists()


def test_what_cannot_be_fetched(tmp_path):
    record = {"fileIdentifier": "gone", "path": "gone.glb", "license": "by"}
    (tmp_path / "list.jsonl").write_text(json.dumps(record) + "\n")
    folder = tmp_path / "debug"
    said = debug(tmp_path / "list.jsonl", folder, check=10)
    assert "Failed with 'missing'" in said
    assert "Where: step fetch" in said
    assert "Not here, since it did not get so far: files, blender.log, raw, a scene." in said
    assert names(folder) == {
        keys.DEBUG_SUMMARY, keys.DEBUG_RECORD, keys.DEBUG_RECIPE, keys.DEBUG_SCRIPT,
        keys.DEBUG_OUTCOME,
    }  # fmt: skip
    (tmp_path / "gone.glb").write_bytes(b"")
    record |= {"sha256": "0" * 64}
    (tmp_path / "list.jsonl").write_text(json.dumps(record) + "\n")
    assert "Failed with 'modified'" in debug(tmp_path / "list.jsonl", tmp_path / "2", check=10)


def test_the_history_of_an_object(samples, tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    (models / "hollow.obj").write_text("# nothing\n")
    arguments = ("run", models, "--output", tmp_path / "out", *CPU)
    run_worker(*arguments, check=10)
    run_worker(*arguments, "--retry", "all", check=10)
    said = run_worker("debug", models, "--output", tmp_path / "out", "--to", tmp_path / "debug",
                      "--device", "cpu", check=10)  # fmt: skip
    assert said.returncode == 10
    lines = (tmp_path / "debug" / keys.DEBUG_HISTORY).read_text().splitlines()
    assert [json.loads(line).get("attempt", 1) for line in lines] == [1, 2]
    text = (tmp_path / "debug" / keys.DEBUG_SUMMARY).read_text()
    assert "attempt 2: empty in step render: " in text
    # Without --preset, the recipe is that of the output.
    recipe = presets.load(str(tmp_path / "debug" / keys.DEBUG_RECIPE))
    job = json.loads((tmp_path / "out" / keys.JOB).read_text())
    assert presets.digest(recipe) == job["preset"]


def test_an_object_image(samples, tmp_path):
    folder = tmp_path / "debug"
    run = ("--preset", "omage", "--set", "resolution=128", "--set", "omage.small=32",
           "--set", "omage.margin=0.04")  # fmt: skip
    debug(samples, folder, "--only", "pawn.glb", *run)
    assert names(folder / keys.DEBUG_RAW) == {"omage.f32", "omage_small.f32"}
    assert (folder / SCENE).exists()
    uid = keys.uid_of("pawn.glb")
    assert again(folder) == (folder / keys.debug_zip(uid)).read_bytes()


def test_a_range_of_scenes(samples, tmp_path):
    folder = tmp_path / "debug"
    run = ("--preset", "scenes-multi", "--set", "scenes.samples=4", "--set", "views=2", "--set",
           "cycles.denoise=false")  # fmt: skip
    debug(samples, folder, "--only", "*-00001", *run)
    assert {path.name for path in folder.glob("*.blend")} == {"scene-000.blend", "scene-001.blend"}
    files = {path.split("/")[-1] for path in names(folder / keys.DEBUG_FILES)}
    assert files & {path.name for path in samples.iterdir()}
    (zipped,) = folder.glob("*.zip")
    assert hashlib.sha256(again(folder)).digest() == hashlib.sha256(zipped.read_bytes()).digest()


def test_the_files_that_the_recipe_names_go_along(samples, tmp_path):
    from tests.integration.blender.broken import picture

    sky, poses = tmp_path / "sky.png", tmp_path / "poses.npy"
    sky.write_bytes(picture("PNG"))
    np.save(poses, np.stack([np.eye(4) + np.outer(np.eye(4)[2], [0, 0, 0, far]) for far in (3, 4)]))
    folder = tmp_path / "debug"
    debug(samples, folder, "--only", "gear.stl", "--set", "lights.rig=environment", "--set",
          f"lights.environment={sky}", "--set", "camera.layout=file", "--set",
          f"camera.file={poses}", "--set", "camera.distance=drawn")  # fmt: skip
    assert str(tmp_path) not in (folder / keys.DEBUG_RECIPE).read_text()
    sky.unlink()
    poses.unlink()
    uid = keys.uid_of("gear.stl")
    assert again(folder) == (folder / keys.debug_zip(uid)).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("{samples}",), 64, ["--only is missing", "7 objects"]),
        (("{samples}", "--only", "*.glb"), 78, ["several objects: 'pawn.glb', 'rocket.glb'"]),
        (("{samples}", "--only", "pown.glb"), 78, ["did you mean 'pawn.glb'?"]),
        (("{samples}", "--only", "pawn.glb", "--output", "{empty}"), 78, ["no job.json"]),
        (("{samples}", "--only", "pawn.glb", "--to", "{samples}"), 64, ["is not empty"]),
        (("{samples}", "--only", "pawn.glb", "--to", "{file}/x"), 69, ["--to"]),
        (("{samples}", "--only", "pawn.glb", "--set", "viewz=1"), 78, ["viewz"]),
        (("{samples}", "--only", "pawn.glb", "--blender", "/no/such"), 69, ["/no/such"]),
    ],
)
def test_one_clear_line_for_what_is_wrong(arguments, status, words, samples, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    places = {"samples": samples, "empty": tmp_path / "empty", "file": tmp_path / "file"}
    filled = [each.format(**places) for each in arguments]
    to = () if "--to" in filled else ("--to", tmp_path / "to")
    done = run_worker("debug", *filled, *to, "--device", "cpu", check=status)
    (said,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    for word in words:
        assert word in said


def test_ctrl_c_ends_it_and_leaves_what_there_is(samples, tmp_path):
    models = Path(shutil.copytree(samples, tmp_path / "models"))
    (models / HOLD).touch()
    blender = faulty(tmp_path / "faulty-blender", "wait:view:pawn.glb")
    folder, scratch = tmp_path / "debug", tmp_path / "scratch"
    words = command("debug", models, "--only", "pawn.glb", "--to", folder, "--blender", blender,
                    "--scratch", scratch, "--grace", 0, *PATIENT, *CPU)  # fmt: skip
    with subprocess.Popen(
        words, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    ) as process:  # fmt: skip
        until(lambda: list(scratch.glob("*/children/*/raw/000.exr")), while_runs=process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=HANG_S)
    assert process.returncode == 75, said
    assert "Failed with 'interrupted'" in (folder / keys.DEBUG_SUMMARY).read_text()
    assert (folder / SCENE).exists()
    assert list(scratch.iterdir()) == []
