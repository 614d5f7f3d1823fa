"""`export zero123`: the tree and the list, read as Zero-1-to-3's own data set reads them."""

import json
import math

import numpy as np
import pytest

from tests.command_line import run_worker
from tests.integration.export import scenes
from tests.readers.zero123_data import ObjaverseData, spherical
from worker.contract.recipe import Camera
from worker.core import keys
from worker.core.errors import ConfigurationError
from worker.core.ranks import Rank
from worker.export import object_lists
from worker.export.base import NotAsWritten
from worker.export.zero123 import Zero123
from worker.index.record import ObjectRef
from worker.ledger import LedgerWriter, Outcome
from worker.stores import open_store

SIZE = 48


@pytest.fixture(scope="module")
def renders(tmp_path_factory):
    """2 objects of 5 views, of a size that is not the preset's."""
    recipe = scenes.recipe(views=5, size=SIZE, images=("colour", "depth"))
    return scenes.output(tmp_path_factory.mktemp("zero123") / "out", recipe, objects=2)


def test_its_data_set(export, renders):
    to = export("zero123", renders)
    uids = sorted(scenes.uids(2))
    assert json.loads((to / keys.VALID_PATHS).read_text()) == uids
    train, held = (ObjaverseData(to, 5, validation=late) for late in (False, True))
    assert (train.paths, held.paths) == (uids[:1], uids[1:])
    places = scenes.locations(5)
    for target in range(5):
        image, condition, moved = train.pair(0, target, (target + 1) % 5)
        assert image.shape == condition.shape == (256, 256, 3)
        assert (image[0, 0] == 1).all()  # white where nothing is
        (theta, azimuth, z), (theta_0, azimuth_0, z_0) = map(
            spherical, (places[target], places[(target + 1) % 5])
        )
        turn = azimuth - azimuth_0
        wanted = [theta - theta_0, math.sin(turn), math.cos(turn), z - z_0]
        np.testing.assert_allclose(moved, wanted, atol=1e-6)


def test_the_images_are_those_of_the_zips(export, renders):
    import zipfile

    to = export("zero123", renders)
    for uid in scenes.uids(2):
        with zipfile.ZipFile(renders / keys.render_zip(uid)) as archive:
            for number in range(5):
                name = f"{uid}/{number:03d}.png"
                assert (to / name).read_bytes() == archive.read(name)


@pytest.mark.parametrize(
    ("camera", "said"),
    [
        ({"target": (0.0, 0.0, 0.2)}, "look at the origin without roll"),
        ({"roll": (0.0, 5.0)}, "look at the origin without roll"),
        ({"fov": (30.0, 40.0)}, "one field of view"),
    ],
)
def test_cameras_that_the_reader_takes_for_others_are_refused(export, tmp_path, camera, said):
    recipe = scenes.recipe(views=2, size=16, camera=Camera(**camera))
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    with pytest.raises(ConfigurationError, match=said):
        export("zero123", out)


@pytest.mark.parametrize("how", ["past", "rolled", "upside down"])
def test_each_camera_is_looked_at(export, tmp_path, monkeypatch, how):
    plain = scenes.look_at_origin

    def moved(place):
        pose = plain(place)
        if how == "past":
            pose[:3, 3] += 0.01 * pose[:3, 0]
        else:
            turn = math.pi if how == "upside down" else 0.01
            sine, cosine = math.sin(turn), math.cos(turn)
            pose[:3, :2] = pose[:3, :2] @ [[cosine, -sine], [sine, cosine]]
        return pose

    monkeypatch.setattr(scenes, "look_at_origin", moved)
    out = scenes.output(tmp_path / "out", scenes.recipe(views=2, size=16), objects=1)
    to = export("zero123", out, status=10)
    (outcome,) = scenes.outcomes(to).values()
    assert (outcome["code"], "takes nothing but its position" in outcome["message"]) == (
        "unsupported", True,
    )  # fmt: skip
    assert json.loads((to / keys.VALID_PATHS).read_text()) == []


def test_wide_pictures_are_refused(export, tmp_path):
    recipe = scenes.recipe(views=2)
    object.__setattr__(recipe, "resolution", (32, 16))
    with pytest.raises(ConfigurationError, match="needs square images"):
        export("zero123", scenes.output(tmp_path / "out", recipe, objects=0))


def test_the_number_of_views_is_said(renders, tmp_path):
    done = run_worker("export", "zero123", "--input", renders, "--to", tmp_path / "to")
    assert "total_view" in done.stderr


def test_a_matrix_that_is_missing_is_noticed(export, renders):
    to = export("zero123", renders)
    uid = scenes.uids(1)[0]
    files = [f"{uid}/000.png", f"{uid}/000.npy"]
    Zero123().check(to, files, 1)
    with pytest.raises(NotAsWritten, match="not one matrix for each"):
        Zero123().check(to, files[:1], 1)
    (to / files[1]).write_bytes((to / files[1]).read_bytes()[:-1])
    with pytest.raises(NotAsWritten, match=r"000\.npy"):
        Zero123().check(to, files, 1)


def test_a_list_written_while_another_worker_ends_has_its_objects(tmp_path):
    """The other's ledger appears after ours was read, before our list is there."""
    store = open_store(str(tmp_path / "set"))
    refs = [ObjectRef(file_identifier=f"https://example.org/{number}.glb") for number in range(3)]

    def done(rank, *mine):
        with LedgerWriter(store, Rank(rank, 2), "", "") as ledger:
            for ref in mine:
                ledger.add(Outcome.exported(ref, keys.shard_name(rank), ledger.author, views=2,
                                            size=1, seconds={}, attempt=1))  # fmt: skip

    class Slow:
        def __getattr__(self, name):
            return getattr(store, name)

        def replace(self, key, body, media_type):
            if not (tmp_path / "set/ledger" / keys.shard_name(1)).exists():
                done(1, refs[1])
            store.replace(key, body, media_type)

    done(0, refs[0], refs[2])
    object_lists.write("zero123", Slow(), Zero123())
    listed = json.loads(store.read(keys.VALID_PATHS))
    assert listed == sorted(ref.uid for ref in refs)
