"""Presets that are refused, and what each is told; those beside them that are not."""

import pytest

from worker import presets
from worker.contract import recipe as recipes
from worker.core.errors import ExitStatus, PresetInvalid, UsageError
from worker.presets import record_rules as needed

LIST = ("camera.layout=list",)
FAR = ('images=["colour","depth"]', "camera.max_height=60")


def preset_file(folder, name, text):
    path = folder / f"{name}.toml"
    path.write_text(text)
    return str(path)


def message(*args):
    with pytest.raises(PresetInvalid) as raised:
        presets.load(*args)
    text = str(raised.value)
    assert "\n" not in text
    assert raised.value.exit_status == ExitStatus.CONFIGURATION
    return text


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (("objverse-xl",), ["objverse-xl", "did you mean 'objaverse-xl'", "default"]),
        (("default", ["veiws=4"]), ["--set veiws=4", "'views'"]),
        (("default", ["cycles.denose=true"]), ["cycles.denose", "'denoise'"]),
        (("default", ["views=many"]), ["--set views=many", "whole number"]),
        (("default", ["views=0"]), ["'views' is 0", "1 to 10000"]),
        (("default", ["cycles=1"]), ["'cycles' must be a table"]),
        (("default", ["views.x=1"]), ["'views'"]),
        (("default", ["views=1\nsamples=2"]), ["'views'"]),
        (("default", ["camera.radius=[2,1]"]), ["camera.radius", "[2, 1]", "smaller value first"]),
        (("default", ["camera.radius=[0,1]"]), ["camera.radius", "0.01 to 1000"]),
        (("default", ["camera.radius=inf"]), ["camera.radius", "0.01 to 1000"]),
        (("default", ["seed=-1"]), ["'seed' is -1", "0 to 4611686018427387904"]),
        (("default", ["camera.fov=nan"]), ["camera.fov", "0.1 to 179"]),
        (("default", ["camera.max_height=0"]), ["camera.max_height", "at least 0.01"]),
        (("default", ["camera.fov=[40,30]"]), ["camera.fov", "[40, 30]", "smaller value first"]),
        (("default", ["camera.layout=hamersley"]), ["did you mean 'hammersley'"]),
        (("default", ["camera.layout=fixed"]), ["camera.fixed", "needs positions"]),
        (("default", ["engine=evee"]), ["'engine' cannot be 'evee'", "did you mean 'eevee'"]),
        (("default", ["engine=eevee", "cycles.denoise=true"]), ["'cycles.denoise'", "eevee"]),
        (
            ("default", ["engine=eevee", 'images=["colour","albedo"]']),
            ["'images' has albedo", "eevee has not", "normal-exr"],
        ),
        (
            ("default", ["engine=workbench", 'images=["colour","normal"]']),
            ["has normal", "'lights.rig' is studio", "'subject.backfaces' is file"],
        ),
        (("default", ["engine=workbench", "colour.view_transform=agx"]), ["view_transform"]),
        (("omage", ["engine=eevee"]), ["'product' is omage", "views"]),
        (("scenes-plain", ["engine=workbench"]), ["'product' is scenes"]),
        (("default", ["lights.rig=sun"]), ["'lights.rig' cannot be 'sun'", "four-suns"]),
        (("default", ["lights.rig=environment"]), ["lights.environment", "set it to the picture"]),
        (("default", ["lights.area_power=[2,1]"]), ["lights.area_power", "smaller value first"]),
        (("default", ['images=["normals"]']), ["did you mean 'normal'"]),
        (("default", ['images=["depth","depth-f16"]']), ["NNN_depth.png", "use only one"]),
        (("default", ['records=["trellis","get3d"]']), ["transforms.json", "use only one"]),
        (("trellis", ["camera.projection=orthographic"]), ["trellis", "orthographic"]),
        (("nerf-synthetic", ["camera.fov=[30,60]"]), ["nerf-synthetic, nsvf", "one field of view"]),
        (("get3d", ["camera.fov=[30,60]"]), ["'records' get3d", "one field of view"]),
        (
            ("default", ["camera.fov=[30,60]", 'records=["instant-ngp"]']),
            ["instant-ngp", "one fiel"],
        ),
        (
            ("objaverse-xl", ["camera.fov=[30,60]"]),
            ["npy-3x4 does not have", "'camera.fov'", "add cameras"],
        ),
        (
            ("objaverse-xl", ["camera.projection=orthographic", "camera.distance=fit"]),
            ["npy-3x4 does not have", "'camera.ortho_scale'", "add cameras"],
        ),
        (("trellis", ["subject.normalise=none"]), ["'records' trellis", "unit cube", "'none'"]),
        (("get3d", ["subject.normalise=unit-sphere"]), ["get3d", "unit cube", "'unit-sphere'"]),
        (("gpt4point", ["subject.normalise=none"]), ["gpt4point", "unit cube"]),
        (
            ("default", ["subject.normalise=none", 'records=["instant-ngp"]']),
            ["instant-ngp", "cube"],
        ),
        (("default", ["subject.normalise=none", 'records=["transforms"]']), ["transforms", "cube"]),
        (("gpt4point", ['images=["colour"]']), ["gpt4point needs depth and alpha", "'images'"]),
        (("gpt4point", ['images=["depth","alpha"]']), ["gpt4point needs colour or albedo in"]),
        (
            ("gpt4point", ['images=["colour","depth","alpha"]', "colour.background=white"]),
            ["gpt4point needs", "transparent", "not white"],
        ),
        (("zeronvs", ["colour.background=transparent"]), ["zeronvs needs", "white or black"]),
        (("zeronvs", ['images=["colour"]']), ["zeronvs needs depth-f16", "'images'"]),
        (("zeronvs", ['images=["albedo","depth-f16"]']), ["zeronvs needs colour", "'images'"]),
        (
            ("nerf-synthetic", ['images=["depth-exr"]']),
            ["nerf-synthetic needs colour or albedo in"],
        ),
        (("trellis", ['images=["colour-exr"]']), ["trellis needs colour or albedo in"]),
        (("default", ["depth.near=17"]), ["'depth.near' is 17", "depth.far (16.3837)"]),
        (
            ("default", [*FAR, "camera.distance=drawn", "camera.radius=16"]),
            ["'depth.far' is 16.3837", "16.87", "make it 16.87 or more", "depth.mode per-view"],
        ),
        (("trellis-cond", [*FAR, "depth.far=5"]), ["'depth.far' is 5", "10.8"]),
        (("nerf-synthetic", [*FAR, "depth.far=5"]), ["'depth.far' is 5", "5.031", "5.04"]),
        (("turntable", [*FAR, "camera.fov=5"]), ["'depth.far' is 16.3837", "22."]),
        (("nerf-synthetic", [*FAR, "subject.size=2"]), ["'depth.far' is 6", "6.031"]),
        (("default", ["subject.size=2", "subject.normalise=none"]), ["'subject.size'", "none"]),
        (("omage", ["subject.size=2"]), ["'subject.size' has no effect with product omage"]),
        (("get3d", ["subject.size=1.1"]), ["'subject.size' is 1.1", "get3d: at most 1"]),
        (("gpt4point", ["subject.size=0.9"]), ["'subject.size' is 0.9", "gpt4point: 1"]),
        (("gpt4point", ["depth.far=4"]), ["gpt4point needs", "far 5"]),
        (("nerf-synthetic", ["views=10"]), ["100 + 100 + 200 = 400", "'views' is 10"]),
        (
            ("nerf-synthetic", ["splits.test=ring", "views=200"]),
            ["'splits.test' is ring", "100 + 100 of 200 'views'", "larger"],
        ),
        (
            (
                "nerf-synthetic",
                [
                    "splits.test=ring",
                    *LIST,
                    "camera.azimuths=[1]",
                    "camera.elevations=[4]",
                    "views=400",
                ],
            ),
            ["'splits.test' is ring", "layout 'list' has places of its own"],
        ),
        (("nerf-synthetic", ["splits.test=rign"]), ["'splits.test' is a number or 'ring'"]),
        (
            ("nerf-synthetic", ["splits.test=ring", "camera.baseline=0.1", "splits.val=101"]),
            ["'camera.baseline'", "'splits'", "even"],
        ),
        (("default", ['previews=["turntable-git"]']), ["did you mean 'turntable-gif'"]),
        (("default", ['images=["depth"]', 'previews=["turntable-gif"]']), ["'previews'", "colour"]),
        (("default", ["images=[]"]), ["'images' is empty"]),
        (("default", ["images=depth"]), ["'images' must be a list", '["…"]', "not 'depth'"]),
        (("default", ['records=["cameras","cameras"]']), ["'records' has a duplicate"]),
        (("default", ['subject.one_colour=["slt"]']), ["slt", "did you mean 'stl'"]),
        (("omage", ["resolution=[1024,512]"]), ["'resolution' is 1024x512", "square"]),
        (("omage", ["resolution=1000"]), ["'resolution' is 1000x1000", "multiple", "(64)"]),
        (("omage", ["samples=4"]), ["'samples' is 4", "allowed for product omage: 1"]),
        (("omage", ["omage.margin=0.01"]), ["'omage.margin' is 0.01", "0.015625"]),
        (("omage", ["omage.charts=700"]), ["'omage.charts' is 700", "625"]),
        (("nowhere/x.toml",), ["nowhere/x.toml", "No such file"]),
        (("default", ["camera.roll=[9,1]"]), ["camera.roll", "smaller value first"]),
        (("default", ["camera.layout=list"]), ["'camera.azimuths' is empty", "'list' needs it"]),
        (("default", ["camera.azimuths=[1]"]), ["'camera.azimuths' has no effect", "to list"]),
        (("default", ["camera.file=/nowhere.npy"]), ["'camera.file' has no effect", "to file"]),
        (
            ("default", [*LIST, "camera.azimuths=[1,2,3]", "camera.elevations=[4,5]"]),
            ["'camera.azimuths' has 3 values", "'camera.elevations' 2", "or one for all"],
        ),
        (
            ("default", [*LIST, "camera.azimuths=[1,2,3]", "camera.elevations=[4]", "views=4"]),
            ["'views' is 4", "layout 'list' has 3", "make it 3"],
        ),
        (("default", ["camera.baseline=0.1", "views=5"]), ["'camera.baseline'", "make them even"]),
        (
            ("nerf-synthetic", ["camera.baseline=0.1", "splits.train=99", "splits.val=101"]),
            ["'camera.baseline'", "'splits'", "even"],
        ),
        (
            (
                "default",
                ["camera.layout=file", "camera.file=/nowhere.npy", "camera.distance=drawn"],
            ),
            ["'camera.file' is '/nowhere.npy'", "No such file"],
        ),
        (
            ("default", ["camera.layout=file", "camera.file=/nowhere.npy"]),
            ["'camera.distance' has no effect", "default, drawn"],
        ),
        (
            ("trellis-cond", ["camera.target=[0,0,1]"]),
            ["'camera.distance' is 'cube'", "'camera.target' at the origin"],
        ),
        (("objaverse-xl", ["camera.min_height=1.6"]), ["'camera.min_height' is 1.6", "1.478"]),
        (
            (
                "objaverse-xl",
                ["camera.layout=fixed", "camera.fixed=[[0,0,1]]", "camera.target=[0,0,1]"],
            ),
            ["position at 'camera.target'"],
        ),
        (
            ("objaverse-xl", ["camera.projection=orthographic", "camera.distance=fit-all"]),
            ["npy-3x4 does not have", "'camera.ortho_scale'", "add cameras"],
        ),
    ],
)
def test_a_wrong_preset_says_which_key_where_and_what_is_allowed(args, parts):
    text = message(*args)
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("views", ["KEY=VALUE", "'views'"]),
        ("", ["KEY=VALUE"]),
        ("=1", ["KEY=VALUE"]),
        (".views=1", ["KEY=VALUE"]),
        ("camera.=1", ["KEY=VALUE"]),
        ("resolution=[64, 64", ["resolution=[64, 64", "not TOML", "array"]),
        ('colour.view_transform="agx', ["not TOML", "string"]),
        ("camera={fov=}", ["not TOML"]),
        ("images=" + "[" * 5000, ["not TOML", "nested too deeply"]),
    ],
)
def test_a_malformed_override_is_a_wrong_command_line(override, parts):
    with pytest.raises(UsageError) as raised:
        presets.load("default", [override])
    assert raised.value.exit_status == ExitStatus.USAGE
    assert "\n" not in str(raised.value)
    for part in parts:
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("zero123", ["camera.fov=[30,60]"]),  # cameras.json tells what NNN.npy does not
        ("trellis", ["camera.fov=[30,60]"]),
        ("objaverse-xl", ["camera.projection=orthographic"]),  # every view as camera.ortho_scale
        ("nerf-synthetic", ['images=["albedo"]']),
        ("default", ["subject.normalise=none", 'records=["nerfstudio","nsvf","cameras"]']),
        ("default", [*FAR, "camera.distance=drawn", "camera.radius=16", "depth.far=16.87"]),
        ("default", [*FAR, "camera.distance=drawn", "camera.radius=16", "depth.mode=per-view"]),
        ("default", ["subject.size=9"]),
        ("trellis", ["subject.size=0.5"]),
        ("default", [*FAR, "camera.radius=60", "subject.normalise=none"]),  # who knows how large
        ("default", ["camera.radius=6", 'images=["depth-npy"]']),
        *((name, [*FAR]) for name in ("trellis", "trellis-cond", "nerf-synthetic", "turntable")),
        *(
            (name, [*FAR, f"resolution={frame}"])
            for name in ("default", "turntable")
            for frame in ("[128,64]", "[64,128]", "[640,480]", "[256,64]", "[64,256]")
        ),
        ("default", ['images=["colour-exr"]', 'records=["instant-ngp"]']),
    ],
)
def test_what_images_and_records_can_tell_is_taken(name, overrides):
    presets.load(name, overrides)


def test_what_every_record_needs_is_said():
    assert set(needed.NEEDS) == set(recipes.VIEW_RECORDS)
    assert not [name for name in needed.LENS if needed.NEEDS[name].one_lens]


def test_a_wrong_file_is_named(tmp_path):
    base = preset_file(tmp_path, "base", "samples = -1\n")
    child = preset_file(tmp_path, "child", 'extends = "base.toml"\n')
    assert base in message(child)
    assert "'samples'" in message(child)
    broken = preset_file(tmp_path, "broken", "views = \n")
    assert broken in message(broken)
    assert "line 1" in message(broken)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    assert "binary.toml" in message(str(tmp_path / "binary.toml"))
    assert "'extends'" in message(preset_file(tmp_path, "odd", "extends = 3\n"))


def test_a_circle_is_named(tmp_path):
    one = preset_file(tmp_path, "one", 'extends = "two.toml"\n')
    preset_file(tmp_path, "two", 'extends = "one.toml"\n')
    text = message(one)
    assert "one.toml extends" in text
    assert "two.toml extends" in text


@pytest.mark.parametrize(
    ("override", "meant"),
    [
        ("layout=ring", "'camera.layout'"),
        ("normalise=none", "'subject.normalise'"),
        ("normalize=none", "'subject.normalise'"),
        ("fov=30", "'camera.fov'"),
        ("camera_fov=30", "'camera.fov'"),
        ("rig=area", "'lights.rig'"),
        ("denoise=true", "'cycles.denoise'"),
        ("camera.denose=true", "'cycles.denoise'"),
        ("cycles.denose=true", "'denoise'"),
        ("background=white", "'colour.background' or 'scenes.background'"),
        ("cycles.samples=3", "'samples' or 'scenes.samples'"),
        ("color.exposure=1", "'colour'"),
        ("Views=3", "'views'"),
        ("colour.view_transform=AgX", "'agx'"),
        ('previews=["gif"]', "'turntable-gif'"),
        ('images=["Depth_EXR"]', "'depth-exr'"),
    ],
)
def test_the_nearest_right_key_or_value_is_named_in_whatever_table(override, meant):
    assert f"did you mean {meant}? (allowed: " in message("default", [override])


@pytest.mark.parametrize(("name", "meant"), [("nerf", "nerf-synthetic"), ("GET3D", "get3d")])
def test_the_nearest_preset_is_named(name, meant):
    assert f"did you mean '{meant}'?" in message(name)


@pytest.mark.parametrize("override", ["xyz=1", "camera.layout=x", "lights.rig=q"])
def test_where_nothing_is_near_nothing_is_guessed(override):
    assert "did you mean" not in message("default", [override])


FOV, RECORDS = "camera.fov=[30,60]", 'records=["instant-ngp"]'


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["samples=4", "depth.near=17", "views=3"], ["depth.near=17"]),
        (["samples=4", FOV, "views=3", RECORDS], [FOV, RECORDS]),
        (["depth.near=17", FOV, "seed=3", RECORDS], ["depth.near=17", FOV, RECORDS]),
        (["depth.near=17", "depth.near=18"], ["depth.near=18"]),
        (["views=3", "views=x"], ["views=x"]),
    ],
)
def test_only_the_overrides_that_are_wrong_are_named(overrides, named):
    said = message("default", overrides)
    assert [each for each in overrides if f"--set {each}" in said] == named


def test_a_file_that_is_wrong_itself_names_no_override(tmp_path):
    path = preset_file(tmp_path, "own", "extends = 'default'\ndepth.near = 17\n")
    said = message(path, ["views=3", "seed=7"])
    assert said.startswith(f"preset {path}: 'depth.near' is 17")
