"""Exports of chosen objects, and outputs whose preset cannot give what an export needs."""

import dataclasses
import json
import shutil
import typing

import pyarrow.parquet as pq
import pytest

from tests.command_line import run_worker
from tests.integration.export import scenes, surfaces, synthetic
from tests.integration.export.test_run import KINDS
from worker import presets
from worker.contract.recipe import Camera, Colour, Depth
from worker.core import keys
from worker.core.errors import ConfigurationError, OutputMismatch, UsageError
from worker.core.s3 import S3Options
from worker.export import EXPORT_KINDS, requirements
from worker.export.options import open_kind
from worker.report.output import status_at

ONE = 'name == "1.glb" and license in ("cc0", "CC0-1.0") and coverage_min > 0.01'


def exported(folder):
    found = scenes.outcomes(folder)
    return {name for name, line in found.items() if line["outcome"] == "exported"}


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_objects_that_meet_it(export, views, kind):
    to = export(kind, views, options=KINDS[kind], where=ONE)
    assert exported(to) == {"https://example.org/1.glb"}
    assert scenes.outcomes(to).keys() == exported(to)
    status = status_at(str(to), S3Options(), index=None, source=str(views))
    assert (status.done, status.total, status.left) == (1, 1, 0)


def test_object_images_and_scenes_too(export, tmp_path):
    out = surfaces.output(tmp_path / "omages", objects=2)
    (name, _) = scenes.outcomes(out)
    assert exported(export("omage", out, where=f'file_identifier == "{name}"')) == {name}
    rooms = synthetic.output(tmp_path / "rooms", (0, 4))
    to = export("hdf5", rooms, where=f'uid == "{synthetic.uid(4)}"')
    assert exported(to) == {synthetic.identifier(4)}


def test_the_catalogue_of_what_failed(export, views):
    to = export("parquet", views, where='outcome == "failed"')
    rows = pq.read_table(to / "catalogue-000000.parquet").to_pylist()
    assert [row["file_identifier"] for row in rows] == ["https://example.org/bad-0.glb"]


def test_a_data_set_is_bound_to_its_condition(export, views):
    to = export("nerf", views, where=ONE)
    options = json.loads((to / keys.EXPORT).read_text())["options"]
    assert options["where"].startswith("name == '1.glb' and ")
    export("nerf", views, to, where=f"  ({ONE})")  # the same in another spelling
    for other in (None, "views > 1"):
        with pytest.raises(OutputMismatch, match="another options"):
            export("nerf", views, to, where=other)
    plain = export("nerf", views, to.with_name("plain"))
    assert "where" not in json.loads((plain / keys.EXPORT).read_text())["options"]


def test_a_wrong_condition_is_refused_before_anything_is_read(export, views, tmp_path):
    with pytest.raises(UsageError, match="did you mean 'coverage_min'"):
        export("nerf", tmp_path / "nowhere", where="coverage_mn > 0.5")
    done = run_worker("export", "nerf", "--input", views, "--to", tmp_path / "to",
                      "--where", "views > 'a'", check=64)  # fmt: skip
    assert "views is a number, 'a' a string" in done.stderr
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rank", [0, 1])
def test_a_condition_that_no_object_meets_is_refused_on_every_rank(export, views, kind, rank):
    everything = kind == "parquet"
    with pytest.raises(ConfigurationError) as error:
        export(kind, views, options=KINDS[kind], where="coverage_min > 1.5",
               rank=rank, world_size=2)  # fmt: skip
    count, what = (4, "objects") if everything else (3, "rendered objects")
    assert f"--where coverage_min > 1.5: none of the {count} {what} of {views}" in str(error.value)


def test_a_rank_without_such_an_object_is_done(export, views, tmp_path):
    to = tmp_path / "to"
    for rank in range(3):
        export("nerf", views, to, where=ONE, rank=rank, world_size=3)
    assert exported(to) == {"https://example.org/1.glb"}


def test_neither_the_condition_nor_the_name_is_met_by_one_object(views, tmp_path):
    done = run_worker("export", "nerf", "--input", views, "--to", tmp_path / "to", "--only",
                      "1.glb", "--where", "name == '2.glb'", check=78)  # fmt: skip
    assert "none of the 1 rendered object of --only meets it" in done.stderr
    assert not (tmp_path / "to").exists()


def test_every_kind_and_layout_has_its_requirements():
    for kind, load in EXPORT_KINDS.items():
        hints = typing.get_type_hints(load())
        layouts = {layout for name, layout in requirements.NEEDS if name == kind}
        assert layouts == set(typing.get_args(hints["layout"]) if "layout" in hints else [None])


@pytest.mark.parametrize(
    ("kind", "layout", "preset"),
    [
        ("pointcloud", "gpt4point", "gpt4point"), ("pointcloud", "exact", "gpt4point"),
        ("nerf", "blender", "nerf-synthetic"), ("nerf", "nsvf", "nerf-synthetic"),
        ("nerf", "nerfstudio", "trellis-cond"), ("nerf", "get3d", "get3d"),
        ("nerf", "instant-ngp", "objaverse-xl"), ("webdataset", "plain", "default"),
        ("webdataset", "zeronvs", "zeronvs"), ("hdf5", "labels", "scenes-multi"),
        ("hdf5", "classes", "scenes-all"), ("coco", None, "scenes-floor"),
        ("bop", None, "scenes-bop"), ("omage", None, "omage"), ("parquet", None, "omage"),
        ("zero123", None, "zero123"), ("trellis", None, "trellis"),
        ("colmap", "binary", "trellis-cond"),
        ("colmap", "text", "default"),
    ],
)  # fmt: skip
def test_the_presets_of_the_docs_meet_them(kind, layout, preset):
    export = open_kind(kind, {} if layout is None else {"layout": layout})
    requirements.check(kind, export, presets.load(preset))


ALL_IMAGES = ("colour", "depth", "alpha", "normal-16")
RECIPES = {
    "everything": scenes.recipe(images=(*ALL_IMAGES, "albedo")),
    "colour": scenes.recipe(images=("colour",)),
    "white": scenes.recipe(images=("colour", "depth"), colour=Colour(background="white")),
    "black": scenes.recipe(images=("colour", "depth"), colour=Colour(background="black")),
    "white and albedo": scenes.recipe(
        images=("colour", "albedo", "depth"), colour=Colour(background="white")
    ),
    "albedo": scenes.recipe(images=("albedo", "depth-f16")),
    "data": scenes.recipe(images=("depth-npy", "mask")),
    "no cameras": scenes.recipe(images=ALL_IMAGES, records=()),
    "matrices": scenes.recipe(images=ALL_IMAGES, records=("npy-3x4",)),
    "depth by view": scenes.recipe(images=ALL_IMAGES, depth=Depth(mode="per-view")),
    "depth of another range": scenes.recipe(images=ALL_IMAGES, depth=Depth(near=0.1)),
    "one view": scenes.recipe(images=ALL_IMAGES),
}


@pytest.mark.parametrize("name", RECIPES)
def test_they_are_what_the_exports_ask_of_each_zip(export, tmp_path, monkeypatch, name):
    """An export is refused exactly if every object would fail as `unsupported`."""
    count = 1 if name == "one view" else 4
    recipe = dataclasses.replace(RECIPES[name], views=count, resolution=(24, 24))
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    with monkeypatch.context() as patched:
        patched.setattr(requirements, "check", lambda *_: None)
        for kind, layout in requirements.NEEDS:
            options = {} if layout is None else {"layout": layout}
            if kind == "pointcloud":
                options |= {"points": 4, "candidates": 64}
            needs = requirements.NEEDS[kind, layout]
            made = open_kind(kind, options)
            met = all(need.met(recipe, made) for need in needs)
            to = export(kind, out, tmp_path / f"{kind}-{layout}", status=0 if met else 10,
                        options=options)  # fmt: skip
            (line,) = scenes.outcomes(to).values()
            assert line.get("code") == (None if met else "unsupported"), (kind, layout, line)


@pytest.mark.parametrize(
    ("arguments", "recipe", "said"),
    [
        (("pointcloud",), RECIPES["colour"], "needs the image depth with a fixed range"),
        (("hdf5",), RECIPES["colour"], "needs synthetic scenes"),
        (("hdf5",), RECIPES["colour"], " or 12 others (render-worker presets)"),
        (("omage",), RECIPES["colour"], "; render with preset omage"),
        (("nerf", "--splits", "50,5,5"), RECIPES["colour"], "needs as many views as --splits ask"),
        (("colmap",), RECIPES["white and albedo"], "needs a colour image with transparency"),
        (("webdataset", "--layout", "zeronvs"),
         scenes.recipe(camera=Camera(projection="orthographic")), "needs perspective cameras"),
    ],
)  # fmt: skip
def test_the_command_refuses_at_once(tmp_path, arguments, recipe, said):
    out = scenes.output(
        tmp_path / "out", dataclasses.replace(recipe, views=2, resolution=(16, 16)), objects=1
    )
    for path in out.glob("renders/*"):
        path.unlink()  # no object is read
    done = run_worker("export", *arguments, "--input", out, "--to", tmp_path / "to", check=78)
    assert said in done.stderr
    assert not (tmp_path / "to").exists()


def test_an_output_that_has_lost_its_ledger_is_no_empty_one(tmp_path):
    recipe = dataclasses.replace(RECIPES["colour"], views=2, resolution=(16, 16))
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    shutil.rmtree(out / "ledger")
    done = run_worker("export", "colmap", "--input", out, "--to", tmp_path / "to", check=78)
    assert f"{out}: no object has an outcome yet" in done.stderr
    assert not (tmp_path / "to").exists()


def test_the_status_of_an_output_takes_no_source(tmp_path):
    recipe = dataclasses.replace(RECIPES["colour"], views=2, resolution=(16, 16))
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    done = run_worker("status", "--output", out, "--input", out, check=64)
    assert f"--input: {out} is no data set" in done.stderr


def test_the_nearest_presets_are_named():
    classes = open_kind("hdf5", {"layout": "classes"})
    requirements.check("hdf5", classes, presets.load("scenes-all"))
    many = presets.load("scenes-all", ["scenes.objects=2"])
    with pytest.raises(ConfigurationError, match="one of the presets scenes-all, "):
        requirements.check("hdf5", classes, many)
