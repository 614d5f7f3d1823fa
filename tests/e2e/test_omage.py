"""Object images by the commands a person types: run, killed or not, omage-to-mesh, gallery."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.command_line import ROOT, run_worker
from tests.fault_injection import kill
from worker.omage import npz_files

SMALL = ["--device", "cpu", "--set", "resolution=128", "--set", "omage.margin=0.04",
         "--set", "omage.small=32"]  # fmt: skip


def command(*arguments, first=""):
    return run_worker(*arguments, check=None, first=first)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    made = subprocess.run(
        [sys.executable, "-m", "tests.sample_models", folder, "crate.obj", "pawn.glb"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    (folder / "points.obj").write_text("v 0 0 0\nv 1 1 1\n")
    return folder


@pytest.fixture(scope="module")
def output(models, tmp_path_factory):
    to = tmp_path_factory.mktemp("omage") / "out"
    done = command("run", models, "--preset", "omage", "--output", to, *SMALL)
    assert done.returncode == 0, done.stderr[-2000:]
    assert '"empty": 1' in done.stderr
    return to


def zips(output):
    return sorted(output.glob("renders/*.zip"))


def test_stopped_half_way_and_run_again_the_zips_are_the_same(models, output, tmp_path):
    again = tmp_path / "again"
    arguments = ("run", models, "--preset", "omage", "--output", again, *SMALL)
    killed = command(*arguments, first=kill.first("publish-after:1"))
    assert killed.returncode != 0
    done = command(*arguments)
    assert done.returncode == 0, done.stderr[-2000:]
    assert [path.name for path in zips(again)] == [path.name for path in zips(output)]
    for one, two in zip(zips(again), zips(output), strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_to_a_mesh_from_a_zip_and_from_an_npz(output, tmp_path):
    first = zips(output)[0]
    with zipfile.ZipFile(first) as archive:
        name = next(name for name in archive.namelist() if name.endswith("omage_tensor.npz"))
        (tmp_path / "own.npz").write_bytes(archive.read(name))
    sizes = {}
    for source, more in ((first, ()), (tmp_path / "own.npz", ()), (first, ("--resolution", "32"))):
        done = command("omage-to-mesh", source, "--to", tmp_path / "made.glb", *more)
        assert done.returncode == 0, done.stderr
        data = (tmp_path / "made.glb").read_bytes()
        sizes[source, more] = data
        mesh = trimesh.load(io.BytesIO(data), file_type="glb", force="mesh")
        assert f"{len(mesh.faces):,} triangles" in done.stdout
        assert mesh.extents.max() == pytest.approx(2.0, abs=0.05)
    whole, own, small = sizes.values()
    assert whole == own
    assert len(small) < len(whole) / 4


def spoilt_lzma():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("omage_tensor.npz", bytes(range(256)) * 4)
    data = bytearray(buffer.getvalue())
    data[60:120] = b"\7" * 60
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "data", "more", "status", "why"),
    [
        ("none.npz", None, (), 64, "cannot be read"),
        ("bad.npz", b"nothing", (), 78, "not an object image"),
        ("bad.zip", b"nothing", (), 78, "not an object image"),
        ("lzma.zip", spoilt_lzma(), (), 78, "not an object image"),
        ("empty.npz", npz_files.encode(np.zeros((8, 8, 12), np.uint16)), (), 78, "no mesh"),
        (
            "odd.npz",
            npz_files.encode(np.ones((8, 8, 12), np.uint16)),
            ("3",),
            64,
            "does not divide",
        ),
    ],
)
def test_what_cannot_become_a_mesh(tmp_path, name, data, more, status, why):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    flags = ["--resolution", *more] if more else []
    done = command("omage-to-mesh", tmp_path / name, "--to", tmp_path / "x.glb", *flags)
    assert done.returncode == status
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "x.glb").exists()


def test_a_mesh_is_not_given_another_formats_ending(tmp_path):
    (tmp_path / "a.npz").write_bytes(npz_files.encode(np.full((8, 8, 12), 65535, np.uint16)))
    done = command("omage-to-mesh", tmp_path / "a.npz", "--to", tmp_path / "x.obj")
    assert done.returncode == 64
    assert "x.obj: only GLB can be written; use a name that ends in .glb" in done.stderr
    assert not (tmp_path / "x.obj").exists()


def test_the_contact_sheet(output, tmp_path):
    done = command("gallery", "--output", output, "--sheet", tmp_path / "sheet.png")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "sheet.png") as sheet:
        colours = sheet.convert("RGB").getcolors(1 << 24)
    assert len(colours) > 5000  # positions and normals, not a row that says why not
