"""`export trellis`: the tree and the table, read as TRELLIS's own toolkits and data sets do."""

import dataclasses
import json
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest

from tests.command_line import listing, run_worker
from tests.integration.export import scenes, solids
from tests.integration.export.harm import zip_of
from tests.readers import trellis_data
from worker.contract.recipe import Subject
from worker.core import keys
from worker.core.errors import ConfigurationError, OutputMismatch
from worker.export.base import NotAsWritten
from worker.export.trellis import Trellis

RECIPE, COND = solids.RECIPE, solids.COND
SIZE, COND_SIZE = RECIPE.resolution[0], COND.resolution[0]
SHAS = sorted(solids.sha_of(f"https://example.org/{number}.glb") for number in range(2))


@pytest.fixture(scope="module")
def renders(tmp_path_factory):
    """2 objects with meshes, of a size and number of views that are not the preset's."""
    folder = tmp_path_factory.mktemp("trellis") / "out"
    return scenes.output(folder, RECIPE, objects=2, child=solids.rendered)


@pytest.fixture(scope="module")
def cond(tmp_path_factory):
    """The same objects, under another recipe."""
    folder = tmp_path_factory.mktemp("trellis-cond") / "out"
    return scenes.output(folder, COND, objects=2, child=solids.rendered)


@pytest.fixture
def to(export, renders, cond):
    return export("trellis", renders, options={"cond": str(cond)})


def test_its_table(to, export, renders, tmp_path):
    assert trellis_data.instances(to) == trellis_data.instances(to, conditioned=True) == SHAS
    table = trellis_data.built(to)
    assert list(table["file_identifier"]) == [
        next(f"https://example.org/{n}.glb" for n in range(2)
             if solids.sha_of(f"https://example.org/{n}.glb") == sha) for sha in SHAS
    ]  # fmt: skip
    alone = export("trellis", renders, tmp_path / "alone")
    assert trellis_data.instances(alone) == SHAS
    assert trellis_data.instances(alone, conditioned=True) == []
    assert not (alone / "renders_cond").exists()


def test_voxels_of_the_mesh_lie_where_the_cameras_show_the_object(to):
    for sha256 in SHAS:
        centres = trellis_data.voxels(to, sha256)
        assert (scenes.to_surface(centres) < np.sqrt(3) / 2 / trellis_data.GRID + 2e-3).all()
        count = 0
        for image, extrinsics, k in trellis_data.views(to, sha256):
            at = trellis_data.project(centres, extrinsics, k)
            assert ((at > 0) & (at < 1)).all()
            shown = np.zeros((SIZE, SIZE), bool)
            column, row = np.floor(at * SIZE).astype(int).T
            shown[row, column] = True
            seen = image[..., 3] > 0
            # A voxel is half a pixel here: it may lie across the object's edge, and no farther.
            grown = np.pad(seen, 1)
            near = np.any([grown[1 + y : SIZE + 1 + y, 1 + x : SIZE + 1 + x]
                           for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0)  # fmt: skip
            assert near[shown].all()
            assert shown[image[..., 3] == 255].mean() > 0.95
            count += 1
        assert count == 7


def test_cameras_and_box(to):
    about = json.loads((to / "renders" / SHAS[0] / "transforms.json").read_text())
    assert about["aabb"] == [[-0.5] * 3, [0.5] * 3]
    assert (about["scale"], about["offset"]) == (1.0, [0.0] * 3)
    poses = np.array([frame["transform_matrix"] for frame in about["frames"]])
    np.testing.assert_allclose(poses[:, :3, 3], scenes.locations(7), atol=1e-6)
    angles = {frame["camera_angle_x"] for frame in about["frames"]}
    assert [round(np.degrees(angle), 4) for angle in angles] == [49.1343]


def test_the_object_is_cut_out_of_a_conditioning_view(to):
    for view, (_, extrinsics, k) in enumerate(
        trellis_data.views(to, SHAS[0], folder="renders_cond")
    ):
        box, image = trellis_data.conditioned(to, SHAS[0], view)
        at = trellis_data.project(solids.balls().vertices, extrinsics, k) * COND_SIZE
        wanted = [*np.floor(at.min(axis=0)), *np.floor(at.max(axis=0))]
        assert np.abs(np.array(box) - wanted).max() <= 1
        assert image.shape == (518, 518, 3)
        assert image[259].max() > 0.1 > image[0].max()
    assert view == 3


def test_scores_are_joined_as_the_docs_say(to):
    table = pd.read_csv(to / "metadata.csv")
    scores = pd.DataFrame({"sha256": SHAS, "aesthetic_score": [5.5, 4.0]})
    joined = table.merge(scores, on="sha256", how="left")
    assert list(joined[joined["aesthetic_score"] >= 4.5]["sha256"]) == SHAS[:1]


def test_ranks_and_a_second_run_give_what_one_run_gives(export, renders, cond, tmp_path, to):
    shared = tmp_path / "shared"
    for rank in (1, 0):
        export("trellis", renders, shared, options={"cond": str(cond)}, rank=rank, world_size=2)
    assert listing(shared) == listing(to)
    export("trellis", renders, shared, options={"cond": str(cond)})
    assert listing(shared) == listing(to)


def test_the_same_second_output_goes_on_elsewhere_and_another_does_not(
    export, renders, cond, tmp_path, to
):
    moved = shutil.copytree(cond, tmp_path / "moved")
    export("trellis", renders, to, options={"cond": str(moved)})
    with pytest.raises(OutputMismatch):
        export("trellis", renders, to)
    recipe = dataclasses.replace(COND, seed=1)
    other = scenes.output(tmp_path / "other", recipe, 2, child=solids.rendered)
    with pytest.raises(OutputMismatch):
        export("trellis", renders, to, options={"cond": str(other)})


def test_an_object_that_the_second_output_lacks(export, renders, tmp_path):
    out = scenes.output(tmp_path / "cond", COND, objects=1, child=solids.rendered)
    manifest = json.loads((out / keys.JOB).read_text())
    to = export("trellis", renders, options={"cond": str(out)})
    outcome = scenes.outcomes(to)["https://example.org/1.glb"]
    assert (outcome["code"], "--retry missing" in outcome["message"]) == ("missing", True)
    assert trellis_data.instances(to) == [solids.sha_of("https://example.org/0.glb")]
    # Once it is there:
    shutil.rmtree(out)
    scenes.output(tmp_path / "cond", COND, objects=2, child=solids.rendered)
    assert json.loads((out / keys.JOB).read_text())["preset"] == manifest["preset"]
    export("trellis", renders, to, options={"cond": str(out)}, retry=frozenset({"missing"}))
    assert trellis_data.instances(to, conditioned=True) == SHAS


def test_a_file_that_changed_between_the_two_runs(export, renders, tmp_path, monkeypatch):
    before = solids.sha_of
    monkeypatch.setattr(
        "tests.integration.export.solids.sha_of",
        lambda name: "ab" * 32 if name.endswith("/1.glb") else before(name),
    )
    out = scenes.output(tmp_path / "cond", COND, objects=2, child=solids.rendered)
    to = export("trellis", renders, options={"cond": str(out)})
    outcome = scenes.outcomes(to)["https://example.org/1.glb"]
    assert (outcome["code"], "different files" in outcome["message"]) == ("unsupported", True)
    assert trellis_data.instances(to) == [before("https://example.org/0.glb")]


def test_outputs_of_different_indexes(export, renders, cond, tmp_path):
    other = shutil.copytree(cond, tmp_path / "other")
    text = (other / keys.JOB).read_text()
    (other / keys.JOB).write_text(text.replace("1" * 64, "2" * 64))
    with pytest.raises(ConfigurationError, match="from different indexes"):
        export("trellis", renders, options={"cond": str(other)})


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (dataclasses.replace(RECIPE, products=()), "needs meshes"),
        (dataclasses.replace(RECIPE, subject=Subject(normalise="unit-sphere")), "in the unit cube"),
        (dataclasses.replace(RECIPE, subject=Subject(size=2.0)), "in the unit cube"),
    ],
)
def test_outputs_that_it_cannot_take(export, tmp_path, recipe, said):
    with pytest.raises(ConfigurationError, match=said):
        export("trellis", scenes.output(tmp_path / "out", recipe, objects=0))


def test_a_second_output_that_it_cannot_take(renders, tmp_path):
    out = scenes.output(
        tmp_path / "out", dataclasses.replace(COND, subject=Subject(size=2.0)), objects=0
    )
    done = run_worker("export", "trellis", "--input", renders, "--to", tmp_path / "to",
                      "--cond", out, check=78)  # fmt: skip
    assert "export trellis --cond needs objects in the unit cube" in done.stderr
    assert not (tmp_path / "to").exists()


def test_a_wide_second_output(export, renders, tmp_path):
    wide = dataclasses.replace(COND)
    object.__setattr__(wide, "resolution", (32, 16))
    out = scenes.output(tmp_path / "out", wide, objects=0)
    with pytest.raises(ConfigurationError, match="--cond needs square images"):
        export("trellis", renders, options={"cond": str(out)})


@pytest.mark.parametrize(
    "what",
    [
        "no mesh",
        "cut mesh",
        "a mesh that is no text",
        "no sha256",
        "a path for a sha256",
        "twice the cube",
    ],
)
def test_a_zip_that_lacks_what_it_needs(export, renders, tmp_path, what):
    out = shutil.copytree(renders, tmp_path / "out")
    path = zip_of(out, 0)
    folder = keys.uid_of("https://example.org/0.glb")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    mesh, about = f"{folder}/{keys.MESH_PLY}", f"{folder}/{keys.METADATA}"
    if what == "no mesh":
        del members[mesh]
    elif what == "cut mesh":
        members[mesh] = members[mesh][:-1]
    elif what == "a mesh that is no text":
        members[mesh] = members[mesh].replace(b"the object as", b"the \xffbject as", 1)
    elif what == "twice the cube":
        cameras = json.loads(members[f"{folder}/{keys.CAMERAS}"])
        cameras["placement"]["bbox"] = [[-1, -1, -1], [1, 1, 1]]
        members[f"{folder}/{keys.CAMERAS}"] = json.dumps(cameras).encode()
    else:
        document = json.loads(members[about])
        document["sha256"] = None if what == "no sha256" else "../" * 22
        members[about] = json.dumps(document).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    for part in out.glob("ledger/*/*.jsonl"):  # the digests are those of the zips that were
        lines = [json.loads(line) for line in part.read_text().splitlines()]
        for line in lines:
            line.pop("sha256"), line.pop("size")
        part.write_text("".join(json.dumps(line) + "\n" for line in lines))
    to = export("trellis", out)
    outcome = scenes.outcomes(to)["https://example.org/0.glb"]
    assert outcome["code"] == (
        "render" if what in {"cut mesh", "a mesh that is no text"} else "unsupported"
    )
    assert trellis_data.instances(to) == [solids.sha_of("https://example.org/1.glb")]


def test_two_objects_with_the_same_file(export, tmp_path, monkeypatch):
    """One of them is kept whole, and the table has it once."""
    monkeypatch.setattr("tests.integration.export.solids.sha_of", lambda _: "cd" * 32)
    turned = [scenes.locations(3), scenes.locations(3, 1.8)]
    child = lambda *args: solids.rendered(*args, places=turned.pop())  # noqa: E731
    recipe = dataclasses.replace(RECIPE, views=3)
    out = scenes.output(tmp_path / "out", recipe, objects=2, child=child)
    to = export("trellis", out, workers=1)
    assert trellis_data.instances(to) == ["cd" * 32]
    outcomes = scenes.outcomes(to).values()
    assert sorted(each["outcome"] for each in outcomes) == ["exported", "failed"]
    assert {each.get("code") for each in outcomes} == {None, "publish"}


def test_a_frame_without_its_image_is_noticed(to):
    folder = f"renders/{SHAS[0]}"
    files = sorted(str(path.relative_to(to)) for path in (to / folder).iterdir())
    Trellis().check(to, files, 1)
    for left_out in (f"{folder}/003.png", f"{folder}/mesh.ply"):
        with pytest.raises(NotAsWritten, match="not one image for each frame, or not one mesh"):
            Trellis().check(to, [name for name in files if name != left_out], 1)
    (to / folder / "mesh.ply").write_bytes(b"ply\n")
    with pytest.raises(NotAsWritten, match=r"mesh\.ply"):
        Trellis().check(to, files, 1)
