"""Bad samples: each named in its outcome, the others exported, no file half written."""

import io
import json

import h5py
import numpy as np
import pytest

from tests.command_line import run_worker
from tests.integration.export import synthetic
from tests.integration.export.scenes import outcomes
from worker.core import keys
from worker.core.errors import ConfigurationError

STARTS = (0, 4, 8)
BAD = 4


def loosen(files, name, change):
    files[name] = change(files[name])


def npy(array, **more):
    buffer = io.BytesIO()
    np.save(buffer, array, **more)
    return buffer.getvalue()


def no_pictures(files):
    for name in [name for name in files if name.startswith("img/")]:
        del files[name]


def no_depth(files):
    files["img/00005.exr"] = synthetic.exr(5, 1, without=("Depth.Z",))


def no_record(files):
    del files["img/00006.npy"]


def pickled(files):
    files["img/00005.npy"] = npy(np.array([{"class": 1}], object), allow_pickle=True)


def zipped_arrays(files):
    buffer = io.BytesIO()
    np.savez(buffer, synthetic.records(5, 1))
    files["img/00005.npy"] = buffer.getvalue()


def other_fields(files):
    files["img/00005.npy"] = npy(np.zeros(1, [("class", int), ("rot_mat", float, (3, 3))]))


def other_shape(files):
    files["img/00005.npy"] = npy(synthetic.records(5, 1).reshape(1, 1))


def texts(files):
    fields = [(name, "S4", synthetic.OBJECT[name].shape) for name in synthetic.OBJECT.names]
    files["img/00005.npy"] = npy(np.zeros(1, fields))


def not_finite(files):
    records = synthetic.records(5, 1)
    records["euler"][0, 1] = np.nan
    files["img/00005.npy"] = npy(records)


def huge_array(files):
    data = files["img/00005.npy"]
    files["img/00005.npy"] = data.replace(b"(1,), ", b"(1" + b"0" * 14 + b",), ").replace(
        b" " * 14 + b"\n", b"\n"
    )


def other_count(files):
    files["img/00005.npy"] = npy(synthetic.records(5, 2))


def other_size(files):
    files["img/00005.exr"] = synthetic.exr(5, 1, size=30)


def cut_off(files):
    files["img/00005.exr"] = files["img/00005.exr"][:-700]


def no_exr(files):
    files["img/00005.exr"] = b"no picture at all"


def empty(files):
    files["img/00005.exr"] = b""


def mixed_index(files):
    colour, numbers, material, depth = synthetic.layers(5, 1)
    numbers[3, 3] = 0.5
    files["img/00005.exr"] = layers(colour, numbers, material, depth)


def index_too_high(files):
    colour, numbers, material, depth = synthetic.layers(5, 1)
    material[3, 3] = 1e9
    files["img/00005.exr"] = layers(colour, numbers, material, depth)


def layers(colour, numbers, material, depth):
    parts = {f"View Layer.Combined.{c}": colour[..., k].copy() for k, c in enumerate("RGB")}
    return synthetic.write_exr(
        parts
        | {"View Layer.IndexOB.X": numbers, "View Layer.IndexMA.X": material,
           "View Layer.Depth.Z": depth}
    )  # fmt: skip


def another_kind(files):
    files["img/00006.png"] = synthetic.png(6, 1)
    del files["img/00006.exr"]


def other_numbers(files):
    for name in [name for name in files if name.startswith("img/")]:
        files[name.replace("img/0000", "img/0001")] = files.pop(name)


CASES = {
    no_pictures: ("render", "has no img/00004.npy"),
    no_depth: ("render", "img/00005.exr that has no pass Depth.Z, only View Layer.Combined.A"),
    no_record: ("render", "has no img/00006.npy"),
    pickled: ("render", "img/00005.npy that does not decode"),
    zipped_arrays: ("render", "img/00005.npy that"),
    other_fields: ("render", "img/00005.npy without 1 rows of class, rot_mat"),
    other_shape: ("render", "img/00005.npy without 1 rows"),
    texts: ("render", "img/00005.npy with a class that is not a number"),
    not_finite: ("render", "img/00005.npy with a euler that is not finite"),
    huge_array: ("render", "img/00005.npy that does not decode"),
    other_count: ("render", "img/00005.npy without 1 rows"),
    other_size: ("render", "img/00005.exr that is 30x30, not 24x24"),
    cut_off: ("render", "img/00005.exr that is truncated or damaged"),
    no_exr: ("render", "img/00005.exr that is not an EXR file"),
    empty: ("render", "img/00005.exr that is not an EXR file"),
    mixed_index: ("render", "img/00005.exr with object indices outside 0 to 255"),
    index_too_high: ("render", "img/00005.exr with material indices outside 0 to 99"),
    another_kind: ("render", "has no img/00006.exr"),
    other_numbers: ("render", "has no img/00004.npy"),
}


@pytest.mark.parametrize("change", CASES, ids=lambda change: change.__name__)
def test_a_bad_sample_is_named_and_its_zip_left_out(export, tmp_path, change):
    def spoil(start, files):
        if start == BAD:
            change(files)

    out = synthetic.output(tmp_path / "out", STARTS, change=spoil)
    to = export("hdf5", out)
    named(to, *CASES[change])
    assert indices(to) == [0, 1, 2, 3, 8, 9, 10, 11]
    assert sorted(path.name for path in to.iterdir()) == ["export.json", "imgs_00.h5", "ledger"]


def named(to, code, said):
    found = outcomes(to)
    bad = found.pop(synthetic.identifier(BAD))
    assert (bad["outcome"], bad["code"]) == ("failed", code), bad
    assert said in bad["message"], bad["message"]
    assert {line["outcome"] for line in found.values()} == {"exported"}


def indices(to):
    with h5py.File(to / "imgs_00.h5") as file:
        return file["idx"][:].tolist()


def broken_png(files):
    files["img/00005.png"] = files["img/00005.png"][:-30]


def bomb(files):
    files["img/00005.png"] = synthetic.png(5, 1, size=5000)


@pytest.mark.parametrize("change", [broken_png, bomb])
def test_a_picture_that_is_none(export, tmp_path, change):
    def spoil(start, files):
        if start == BAD:
            change(files)

    out = synthetic.output(tmp_path / "out", STARTS, ending="png", change=spoil)
    to = export("hdf5", out)
    named(to, "render", "img/00005.png that is")
    assert indices(to) == [0, 1, 2, 3, 8, 9, 10, 11]


@pytest.mark.parametrize(("keep", "code"), [(None, "missing"), (1000, "modified")])
def test_a_damaged_zip(export, tmp_path, keep, code):
    out = synthetic.output(tmp_path / "out", STARTS)
    path = out / keys.render_zip(synthetic.uid(BAD))
    if keep is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:keep])
    to = export("hdf5", out)
    named(to, code, path.name)
    assert indices(to) == [0, 1, 2, 3, 8, 9, 10, 11]


@pytest.mark.parametrize("name", ["img/../../../outside.exr", "/etc/outside.exr"])
def test_names_that_lead_outside_lead_nowhere(export, tmp_path, name):
    def add(start, files):
        if start == BAD:
            files[name] = b"x"

    out = synthetic.output(tmp_path / "out", STARTS, change=add)
    to = export("hdf5", out)
    named(to, "render", f"has a member named '{synthetic.uid(BAD)}/{name}'")
    assert indices(to) == [0, 1, 2, 3, 8, 9, 10, 11]
    assert not list(tmp_path.rglob("outside.exr"))


def test_pictures_of_objects_are_no_scenes(export, views, tmp_path):
    with pytest.raises(
        ConfigurationError, match=r"needs synthetic scenes, which .*one of the presets scenes-"
    ):
        export("hdf5", views)
    assert not (tmp_path / "hdf5").exists()


def test_samples_that_two_zips_tell_of_are_named(export, tmp_path):
    out = synthetic.output(tmp_path / "out", (0, 2, 8))
    to = export("hdf5", out, status=10)
    for line in outcomes(to).values():
        assert synthetic.uid(2) in line["message"]
        assert "every sample may occur only once" in line["message"]
    assert not list(to.glob("*.h5"))


def test_pictures_that_are_no_squares_are_not_made_ones(export, tmp_path):
    out = synthetic.output(tmp_path / "out", STARTS)
    job = json.loads((out / "job.json").read_text())
    job["recipe"]["resolution"] = [24, 12]
    (out / "job.json").write_text(json.dumps(job))
    with pytest.raises(ConfigurationError, match="needs square images with --preprocess"):
        export("hdf5", out, options={"preprocess": 8})


@pytest.mark.parametrize("ending", ["exr", "png"])
def test_samples_of_several_objects_have_not_one_class(export, tmp_path, ending):
    out = synthetic.output(tmp_path / "out", STARTS, objects=3, ending=ending)
    with pytest.raises(ConfigurationError, match="classes needs one object per sample"):
        export("hdf5", out, options={"layout": "classes"})
    assert not (tmp_path / "hdf5").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--lab",), "--lab requires --preprocess"),
     (("--preprocess", 0), "'--preprocess': Input should be greater than or equal to 1"),
     (("--preprocess", 5000), "'--preprocess': Input should be less than or equal to 4096"),
     (("--layout", "label"), "did you mean 'labels'? (allowed: classes, labels)"),
     (("--retry", "all"), "never change")],
)  # fmt: skip
def test_the_command_says_what_is_wrong(tmp_path, arguments, said):
    done = run_worker("export", "hdf5", "--input", tmp_path, "--to", tmp_path / "to", *arguments,
                      check=64)  # fmt: skip
    assert said in done.stderr


def test_without_the_library_it_says_what_to_install(tmp_path):
    done = run_worker("export", "hdf5", "--input", "x", "--to", tmp_path / "to", check=69,
                      first="import sys; sys.modules['h5py'] = None")  # fmt: skip
    assert "h5py is not installed" in done.stderr
    assert "pip install 'render-worker[hdf5]'" in done.stderr


@pytest.mark.parametrize("room", [2000, 100_000, 400_000])
def test_a_disk_that_takes_no_more_ends_the_run_and_leaves_no_file(tmp_path, room):
    """Not by a crash: HDF5 does not outlive a write that fails."""
    out = synthetic.output(tmp_path / "out", range(0, 40, 4), ending="png", size=64)
    done = run_worker(
        "export", "hdf5", "--preprocess", "64", "--input", out,
        "--to", tmp_path / "to", "--scratch", tmp_path, check=69,
        first=f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))",
        PYTHONDONTWRITEBYTECODE="1",  # which would be cut off, too
    )  # fmt: skip
    assert "cannot write data_64.h5" in done.stderr
    assert "--scratch" in done.stderr
    assert not list(tmp_path.rglob("*.h5"))
