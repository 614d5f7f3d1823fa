"""Presets: what the published ones say, how they are extended and overridden."""

import copy
import dataclasses
import math
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_presets_wrong import message, preset_file
from tools import presets_page
from worker import presets
from worker.contract import recipe as recipes
from worker.contract.random_streams import stream
from worker.contract.recipe import Recipe
from worker.core.errors import PresetInvalid, UsageError
from worker.presets.overrides import merge, parse, split


def test_objaverse_xl_is_as_published():
    recipe = presets.load("objaverse-xl")
    assert (recipe.views, recipe.resolution, recipe.samples) == (12, (512, 512), 128)
    assert recipe.camera.radius == (1.5, 2.2)
    assert recipe.camera.max_height == 2.2
    lens, sensor = 35, 32
    fov = math.degrees(2 * math.atan(sensor / 2 / lens))
    assert recipe.camera.fov == pytest.approx((fov, fov))
    assert recipe.cycles.denoise
    assert recipe.cycles.filter_width == 0.01
    bounces = ("diffuse", "glossy", "transparent", "transmission")
    assert [getattr(recipe.cycles, f"{kind}_bounces") for kind in bounces] == [1, 1, 3, 3]
    assert recipe.colour.view_transform == "filmic"
    assert recipe.subject.merge_vertices
    assert set(recipe.subject.one_colour) == {"stl", "ply"}
    assert recipe.records == ("npy-3x4",)
    assert recipe.follows


PUBLISHED = {
    "gpt4point": {
        "views": 20, "resolution": (512, 512), "images": ("albedo", "depth", "alpha"),
        "camera.layout": "sphere", "camera.radius": (2.0, 2.0), "lights.rig": "shap-e",
        "depth.mode": "fixed", "depth.far": 5.0, "depth.invalid": 65535,
    },
    "zero123": {
        "views": 12, "resolution": (512, 512), "samples": 128, "lights.rig": "area",
        "camera.radius": (1.5, 2.2), "lights.area_power": (300.0, 600.0),
        "cycles.filter_width": 0.01, "colour.view_transform": "filmic",
    },
    "get3d": {
        "views": 24, "resolution": (1024, 1024), "samples": 32, "camera.radius": (1.2, 1.2),
        "camera.elevation": (0.0, 30.0), "camera.layout": "get3d", "lights.rig": "area",
        "subject.size": 0.9,
    },
    "trellis": {
        "views": 150, "resolution": (512, 512), "camera.layout": "hammersley",
        "camera.fov": (40.0, 40.0), "camera.radius": (2.0, 2.0), "lights.rig": "trellis",
        "camera.share_below": 0.25,
    },
    "trellis-cond": {
        "views": 24, "resolution": (1024, 1024), "camera.fov": (10.0, 70.0),
        "camera.fov_law": "sine-squared", "camera.distance": "cube",
        "camera.layout": "hammersley", "lights.rig": "trellis",
    },
    "nerf-synthetic": {
        "views": 400, "resolution": (800, 800), "splits.train": 100, "splits.val": 100,
        "splits.test": 200, "camera.layout": "hemisphere",
    },
    "zeronvs": {
        "resolution": (256, 256), "images": ("colour", "depth-f16"), "colour.background": "white",
    },
    "zero123plus": {
        "views": 6, "resolution": (320, 320), "subject.normalise": "unit-sphere",
        "subject.size": 0.5, "camera.azimuths": (30.0, 90.0, 150.0, 210.0, 270.0, 330.0),
        "camera.elevations": (20.0, -10.0, 20.0, -10.0, 20.0, -10.0),
    },
    "instantmesh": {
        "views": 32, "subject.size": 2.0, "camera.radius": (2.0, 3.5), "camera.max_height": 1.6,
        "camera.min_height": -0.75, "images": ("colour", "depth", "normal"),
    },
    "openlrm": {
        "views": 32, "resolution": (1024, 1024), "samples": 128, "subject.size": 2.0,
        "camera.radius": (1.9, 2.6), "camera.max_height": 1.6, "camera.min_height": -0.75,
        "lights.area_power": (80000.0, 120000.0), "lights.area_side": 200.0,
        "cycles.filter_width": 0.01, "subject.merge_vertices": True, "lights.startup_light": False,
    },
    "sides-orthographic": {
        "views": 6, "camera.projection": "orthographic", "camera.distance": "fit-all",
    },
}  # fmt: skip
OURS = {"default", "turntable", "sides-orthographic"}
FOVS = {
    "zero123plus": math.radians(30.0),
    "instantmesh": math.radians(50.0),
    "openlrm": 2 * math.atan(16 / 24),
    "objaverse-xl": 2 * math.atan(16 / 35),
    "zero123": 2 * math.atan(16 / 35),
    "get3d": 2 * math.atan(16 / 35),
    "gpt4point": 2 * math.atan(18 / 50),  # 0.6911, rounded
    "nerf-synthetic": 0.6911112070083618,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_has_its_values(name):
    recipe = presets.load(name)
    found = {key.path: key.value for key in presets.keys_of(recipe)}
    assert {path: found[path] for path in PUBLISHED[name]} == PUBLISHED[name]


@pytest.mark.parametrize("name", FOVS)
def test_a_published_field_of_view_is_as_exact_as_it_is_told(name):
    assert presets.load(name).camera.fov == pytest.approx([math.degrees(FOVS[name])] * 2, abs=1e-4)


@pytest.mark.parametrize("name", sorted(set(presets.names()) - OURS))
def test_a_preset_that_stands_in_for_a_system_names_it(name):
    assert "/" in presets.load(name).follows


def test_zero123plus_is_at_the_distance_that_its_authors_gave():
    (low, high) = presets.load("zero123plus").camera.radius
    assert low == high == pytest.approx(0.5 / math.tan(math.radians(15.0)))


def test_default_has_the_same_cameras_and_other_settings():
    published, default = presets.load("objaverse-xl"), presets.load("default")
    assert (default.views, default.resolution) == (published.views, published.resolution)
    fitted = {"distance": "fit", "margin": (0.05, 0.3)}
    assert default.camera == dataclasses.replace(published.camera, **fitted)
    assert (default.lights.rig, default.colour.exposure) == ("studio", 0.0)
    assert default.lights.strength == pytest.approx(2**-1.5)
    assert default.colour.view_transform == "standard"
    assert "cameras" in default.records
    assert (default.cycles.denoise, default.cycles.filter_width) == (False, 1)
    assert (default.cycles.adaptive, default.cycles.adaptive_least) == (True, 16)
    assert default.samples == 192
    assert default.subject.one_colour == ()


@pytest.mark.parametrize("name", presets.names())
def test_a_packaged_preset_is_named_as_its_file_and_says_what_it_is(name):
    recipe = presets.load(name)
    assert recipe.name == name
    assert recipe.summary


def test_overrides_reach_plain_and_nested_keys():
    recipe = presets.load(
        "default",
        ["views=4", "cycles.denoise=true", "camera.radius=[1,2]", "colour.view_transform=agx"],
    )
    assert (recipe.views, recipe.cycles.denoise, recipe.camera.radius) == (4, True, (1.0, 2.0))
    assert recipe.colour.view_transform == "agx"
    assert presets.load("default", ["resolution=64"]).resolution == (64, 64)
    assert presets.load("default", ["views=4", "views=5"]).views == 5


def test_a_file_extends_another_file_that_extends_a_preset(tmp_path):
    preset_file(tmp_path, "base", 'extends = "objaverse-xl"\n[cycles]\ndenoise = false\n')
    mine = preset_file(tmp_path, "mine", 'extends = "base.toml"\n[cycles]\nglossy_bounces = 4\n')
    recipe = presets.load(mine)
    assert recipe.cycles.glossy_bounces == 4
    assert not recipe.cycles.denoise
    assert recipe.cycles.filter_width == 0.01
    assert recipe.name == "mine"
    assert recipe.seeded_by == "objaverse-xl", "the same objects get the same cameras"


@pytest.mark.parametrize("text", ["views = 3\n", 'name = "other"\n', 'extends = "zero123"\n'])
def test_renaming_a_preset_moves_no_camera(tmp_path, text):
    files = [preset_file(tmp_path, name, text) for name in ("mine", "yours")]
    one, two = (presets.load(file) for file in files)
    if "name" in text:
        assert one == two
        assert one.name == "other"
    else:
        assert (one.name, two.name) == ("mine", "yours")
        assert dataclasses.replace(one, name="yours") == two
    assert one.seeded_by == ("zero123" if "zero123" in text else "default")
    renamed = presets.load(files[0], ["name=third"])
    assert stream("uid", renamed, "cameras").random() == stream("uid", one, "cameras").random()
    wanted = presets.load(files[0], ["seed_name=third"])
    assert stream("uid", wanted, "cameras").random() != stream("uid", one, "cameras").random()
    assert presets.load(files[0], ['seed_name=""', "name=third"]).seeded_by == "third"


@pytest.mark.parametrize("name", presets.names())
def test_a_packaged_preset_is_seeded_with_its_own_name(name):
    assert presets.load(name).seeded_by == name


def test_a_recipe_records_what_was_set(tmp_path):
    assert presets.load("default").overrides == ()
    assert presets.load("default", ["views=12", "views=3", "views=12"]).overrides == ()
    settings = ["views=3", "camera.radius=[1, 2]", 'images = ["mask"]', "summary=x", "seed=0"]
    recorded = ("camera.radius=[1.0, 2.0]", 'images=["mask"]', "views=3")
    one = presets.load("default", settings)
    assert one.overrides == recorded
    assert presets.load("default", recorded).overrides == recorded
    assert dataclasses.replace(presets.load("default", recorded), summary="x") == one
    (tmp_path / "sky.exr").write_bytes(b"sky")
    picture = f"lights.environment={tmp_path / 'sky.exr'}"
    assert presets.load("default", [picture]).overrides == ('lights.environment="sky.exr"',)
    shown = preset_file(tmp_path, "shown", presets.to_toml(one))
    assert presets.load(shown, ["views=4"]).overrides == (*recorded[:2], "views=4")


def test_the_digest_follows_what_changes_the_output():
    plain = presets.load("default")
    assert presets.digest(plain) == presets.digest(presets.load("default", ["views=12"]))
    assert presets.digest(plain) == presets.digest(presets.load("default", ["summary=other words"]))
    for other in ("views=11", "seed=1", "cycles.denoise=true", "name=mine"):
        assert presets.digest(plain) != presets.digest(presets.load("default", [other]))


def test_the_shown_toml_is_the_recipe_with_every_key_explained(tmp_path):
    recipe = presets.load(
        "objaverse-xl", ['summary="say \\"hi\\" \\u007f é"', "cycles.denoise=false"]
    )
    text = presets.to_toml(recipe)
    assert presets.load(preset_file(tmp_path, "shown", text)) == recipe
    lines = text.splitlines()
    keys = presets.keys_of(recipe)
    for key in keys:
        at = next(
            i for i, line in enumerate(lines) if line.startswith(key.path.split(".")[-1] + " =")
        )
        assert lines[at - 1].startswith(f"# {key.doc}")
    assert {key.path for key in keys} >= {"views", "cycles.denoise", "camera.fov"}
    assert "[degree]" in text


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_as_shown_is_the_preset(tmp_path, name):
    recipe = presets.load(name)
    assert presets.load(preset_file(tmp_path, name, presets.to_toml(recipe))) == recipe


def test_the_table_has_every_preset():
    assert [row.name for row in presets.table()] == presets.names()
    assert all(row.summary for row in presets.table())


DEFAULT = recipes.to_dict(presets.load("default"))
VALUES = {
    "views": st.integers(1, 10_000),
    "samples": st.integers(1, 1 << 20),
    "cycles.denoise": st.booleans(),
    "camera.radius": st.tuples(st.floats(1.0, 1.5), st.floats(1.5, 2.0)),
    "camera.margin": st.tuples(st.floats(0.0, 0.4), st.floats(0.4, 0.9)),
    "name": st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"])),
    "resolution": st.tuples(st.integers(4, 16384), st.integers(4, 16384)),
}


def in_toml(value):
    if isinstance(value, tuple):
        return "[" + ",".join(map(in_toml, value)) + "]"
    return msgspec.json.encode(value).decode()  # these values are spelt alike in both


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_an_override_changes_its_key_and_no_other(values):
    recipe = presets.load("default", [f"{key}={in_toml(value)}" for key, value in values.items()])
    expected = copy.deepcopy(DEFAULT)
    expected["overrides"] = recipe.overrides
    set_keys = {text.partition("=")[0] for text in recipe.overrides}
    for key, value in values.items():
        table = expected
        *tables, last = key.split(".")
        for name in tables:
            table = table[name]
        table[last] = value
    assert recipes.to_dict(recipe) == expected
    default = {key.path: key.value for key in presets.keys_of(presets.load("default"))}
    assert set_keys == {key for key, value in values.items() if default[key] != value}


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_override_gives_a_recipe_or_one_clear_line(key, value):
    try:
        recipe = presets.load("default", [f"{key}={value}"])
    except (PresetInvalid, UsageError):
        with pytest.raises((PresetInvalid, UsageError), match=r"\A[^\n]+\Z"):
            presets.load("default", [f"{key}={value}"])
    else:
        assert isinstance(recipe, Recipe)


tables = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
).filter(lambda value: isinstance(value, dict))


@given(tables, tables, tables)
def test_merging_is_associative_and_the_upper_one_wins(one, two, three):
    assert merge(one, {}) == one
    assert merge({}, one) == one
    assert merge(merge(one, two), two) == merge(one, two)
    if all(not isinstance(v, dict) for v in three.values()):
        assert {k: merge(one, three)[k] for k in three} == three


def test_an_override_is_toml():
    assert parse("a.b = [1, 2.5]") == {"a": {"b": [1, 2.5]}}
    assert parse("a=2024-01-01") == {"a": "2024-01-01"}
    assert parse("a=x=y") == {"a": "x=y"}
    assert parse("a=") == {"a": ""}
    assert tomllib.loads("a = true") == parse("a=true")


def test_the_page_of_presets_is_current():
    written = (Path(__file__).parents[2] / "docs/presets.md").read_text()
    assert written == presets_page.page(), "python -m tools.presets_page > docs/presets.md"
    assert all(f"| {name} |" in written for name in presets.names())


def test_an_environment_picture_is_found_beside_its_preset_and_counts_by_its_content(tmp_path):
    text = 'extends = "default"\n[lights]\nrig = "environment"\nenvironment = "sky.exr"\n'
    digests = []
    for folder, content in (("a", b"sky"), ("b", b"sky"), ("c", b"other")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sky.exr").write_bytes(content)
        recipe = presets.load(preset_file(tmp_path / folder, "sunny", text))
        assert recipe.lights.environment == str(tmp_path / folder / "sky.exr")
        digests.append(presets.digest(recipe))
    assert digests[0] == digests[1] != digests[2]
    (tmp_path / "c" / "sky.exr").write_bytes(b"changed")
    assert presets.digest(recipe) != digests[2]


def test_an_environment_picture_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    setting = ("default", ["lights.rig=environment", "lights.environment=sky.exr"])
    assert str(tmp_path / "sky.exr") in message(*setting)
    (tmp_path / "sky.exr").write_bytes(b"sky")
    assert presets.load(*setting).lights.environment == str(tmp_path / "sky.exr")
    assert "lights.environment" in message("default", ["lights.rig=environment"])


def test_a_folder_of_environment_pictures_counts_by_its_content(tmp_path):
    setting = ("default", ["lights.rig=environment", f"lights.environments={tmp_path}/skies"])
    assert "a folder that does not exist" in message(*setting)
    (tmp_path / "skies").mkdir()
    (tmp_path / "skies/notes.txt").write_text("none")
    assert "has no .hdr or .exr file" in message(*setting)
    (tmp_path / "skies/a.hdr").write_bytes(b"#?RADIANCE\n")
    one = presets.load(*setting)
    assert one.overrides == ('lights.environments="skies"', 'lights.rig="environment"')
    (tmp_path / "skies/sub").mkdir()
    (tmp_path / "skies/sub/b.exr").write_bytes(b"v/1\x01")
    assert presets.digest(presets.load(*setting)) != presets.digest(
        dataclasses.replace(one, lights=dataclasses.replace(one.lights, environments=""))
    )
    before = presets.digest(one)
    (tmp_path / "skies/notes.txt").write_text("other")
    assert presets.digest(one) == before
    (tmp_path / "skies/b.hdr").write_bytes(b"PNG")
    assert "'b.hdr', which is not HDR or EXR" in message(*setting)
    (tmp_path / "skies/b.hdr").write_bytes(b"#?RGBE")
    assert presets.digest(one) != before
    both = [*setting[1], f"lights.environment={tmp_path}/skies/a.hdr"]
    assert "are both set; remove one" in message("default", both)


def test_what_means_nothing_to_a_product_is_not_shown():
    views, omage = (presets.to_toml(presets.load(name)) for name in ("default", "omage"))
    assert "[omage]" not in views
    assert "[camera]" in views
    assert "[omage]" in omage
    for idle in ("[camera]", "[lights]", "[splits]", "views =", "records ="):
        assert idle not in omage
    assert "[camera]" in presets.to_toml(presets.load("omage", ["camera.radius=2"]))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" views=4\tresolution=16\n", ["views=4", "resolution=16"]),
        ("resolution=16 camera.radius=[1.5, 2.0]", ["resolution=16", "camera.radius=[1.5, 2.0]"]),
        ("""scenes.classes=['a b=1', "c\\" d=2"] views=1""",
         ["""scenes.classes=['a b=1', "c\\" d=2"]""", "views=1"]),
        ("a={ b=1, c=2 } views = 3", ["a={ b=1, c=2 }", "views = 3"]),
        ("colour.view_transform=khronos pbr views=1",
         ["colour.view_transform=khronos pbr", "views=1"]),
        ("name=it's views=1", ["name=it's", "views=1"]),
    ],
)  # fmt: skip
def test_overrides_of_one_variable_are_parted_between_settings(text, parts):
    assert split(text) == parts
