"""WebDataset shards give the same views as the output that they were made of."""

import io
import tarfile

import numpy as np
import pytest

from render_worker import DamagedZip, MissingData, PlaceError, from_shards, open_output
from tests.integration.export import scenes
from worker.export.run import ExportOptions, run


@pytest.fixture(scope="module")
def shards(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    done = run(
        ExportOptions(kind="webdataset", input=str(made), to=str(folder / "to"),
                      scratch=folder / "scratch", kind_options={"group_objects": 2}), {},
    )  # fmt: skip
    assert done.status == 0
    return folder / "to"


def test_views_are_those_of_the_output(made, shards):
    output, found = open_output(made), list(from_shards(shards))
    assert [each.uid for each in found] == [each.uid for each in output]
    for ours, theirs in zip(found, output, strict=True):
        assert (ours.identifier, ours.preset) == (theirs.identifier, theirs.preset)
        assert [view.name for view in ours.views] == [view.name for view in theirs.views]
        for one, two in zip(ours.views, theirs.views, strict=True):
            assert sorted(one.kinds) == sorted(two.kinds)
            for kind in one.kinds:
                np.testing.assert_array_equal(one.image(kind), two.image(kind))
            np.testing.assert_array_equal(one.c2w_opencv, two.c2w_opencv)
            np.testing.assert_array_equal(one.unproject(), two.unproject())
            np.testing.assert_array_equal(one.normal, two.normal)


def test_readers_share_whole_shards(shards):
    found = from_shards(shards)
    assert found.shards == ("000000.tar", "000001.tar")
    parts = [[each.uid for each in found.only(rank, 2)] for rank in range(2)]
    assert [len(part) for part in parts] == [2, 1]
    assert [*parts[0], *parts[1]] == [each.uid for each in found]
    assert list(found.only(2, 3)) == []


def test_one_shard(shards):
    assert len(list(from_shards(shards / "000001.tar"))) == 1


def test_s3(shards, bucket, server, upload):
    upload(shards, "a/set/")
    place = f"s3://{bucket[1]}/a/set"
    expected = [each.uid for each in from_shards(shards)]
    assert [each.uid for each in from_shards(place, endpoint_url=server)] == expected
    one = from_shards(f"{place}/000000.tar", endpoint_url=server)
    assert [each.uid for each in one] == expected[:2]


def members(shards):
    with tarfile.open(shards / "000000.tar") as tar:
        return [(info.name, tar.extractfile(info).read()) for info in tar if info.isfile()]


def tar(folder, files, kind=tarfile.REGTYPE):
    with tarfile.open(folder / "0.tar", "w") as made:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), kind, "/etc/passwd"
            made.addfile(info, io.BytesIO(data))
    return folder


UID = scenes.uids(1)[0]
DAMAGED = {
    "another layout": [("objects/x/frame000001.png", b"")],
    "a path": [(f"../{UID}/000.png", b"")],
    "an absolute path": [(f"/{UID}/000.png", b"")],
    "no camera": [(f"{UID}/000.png", b"")],
    "a camera of nothing": [(f"{UID}/000.json", b"{}")],
    "a camera that is no JSON": [(f"{UID}/000.json", b"{")],
    "two files of one name": [(f"{UID}/000.png", b""), (f"{UID}/000.png", b"")],
    "an object twice": [
        (f"{uid}/000.json", b"{}") for uid in (UID, scenes.uids(2)[1], UID)
    ],
}  # fmt: skip


def read(place):
    return [view.colour for each in from_shards(place) for view in each.views]


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_shard(what, tmp_path):
    with pytest.raises(DamagedZip, match=r"0\.tar"):
        read(tar(tmp_path, DAMAGED[what]))


def test_a_link(tmp_path):
    with pytest.raises(DamagedZip, match="has a member"):
        read(tar(tmp_path, [(f"{UID}/000.png", b"")], tarfile.SYMTYPE))


@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_truncated_shard(shards, tmp_path, keep):
    data = (shards / "000000.tar").read_bytes()
    (tmp_path / "0.tar").write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(DamagedZip, match=r"0\.tar"):
        read(tmp_path)


def test_a_member_that_says_it_is_huge(tmp_path):
    info = tarfile.TarInfo(f"{UID}/000.png")
    info.size = 1 << 40
    (tmp_path / "0.tar").write_bytes(info.tobuf() + bytes(1024))
    with pytest.raises(DamagedZip, match="over 256 MB"):
        read(tmp_path)


def test_an_image_that_is_missing(shards, tmp_path):
    files = [(name, data) for name, data in members(shards) if not name.endswith("000.png")]
    first = next(iter(from_shards(tar(tmp_path, files))))
    assert "colour" not in first.views[0].kinds
    with pytest.raises(MissingData, match="no colour images"):
        _ = first.views[0].colour
    assert first.views[1].colour.any()


def test_places_without_shards(tmp_path):
    with pytest.raises(PlaceError, match=r"holds no \.tar shards"):
        from_shards(tmp_path)
    with pytest.raises(PlaceError, match="does not exist"):
        from_shards(tmp_path / "0.tar")
