"""Zips of an output that are hostile in their structure: every export, the gallery, the library."""

import json
import os
import shutil
import tarfile
import zipfile

import pytest

from render_worker import ReadError, open_output
from tests.command_line import run_worker
from tests.integration.export import harm, scenes
from tests.integration.export.test_bad_zips import EXPORTS
from tests.integration.hostile import zips
from worker.contract.recipe import Camera, Preview
from worker.core import gallery_keys, keys
from worker.export.run import ExportOptions, run

GOOD = len(zips.ALL)
"""The number of the object whose zip is whole."""
LITTLE = 4 << 30
"""Address space in which a process exports, renders a gallery or reads, its libraries included."""


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {i.filename.partition("/")[2]: archive.read(i) for i in archive.infolist()}


def spoilt(folder, *args, **more):
    """An output of an object for each of the zips, and a good one."""
    recipe = scenes.recipe(*args, views=8, size=32, preview=Preview(width=32), **more)
    out = scenes.output(folder, recipe, objects=GOOD + 1)
    for number, make in enumerate(zips.ALL.values()):
        path = harm.zip_of(out, number)
        make(path, path.stem, members(path))
    harm.unchecked(out)
    return out


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    as_gpt4point = {"images": scenes.GPT4POINT, "camera": Camera(fov=(39.6, 39.6))}
    other = spoilt(folder / "gpt4point", "gpt4point", **as_gpt4point)
    usual = spoilt(folder / "usual")
    return {name: other if name == "gpt4point" else usual for name in (*EXPORTS, "usual")}


def files(folder):
    return {path.relative_to(folder): path.stat().st_size for path in folder.rglob("*")
            if path.is_file()}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_names_each_and_makes_nothing_of_it(bad, name, tmp_path):
    kind, options = EXPORTS[name]
    before = files(bad[name])
    to = tmp_path / "a" / "to"
    done = run(
        ExportOptions(kind=kind, input=str(bad[name]), to=str(to), scratch=tmp_path / "scratch",
                      kind_options=options, max_failure_rate=1.0), {},
    )  # fmt: skip
    assert done.status == 0
    found = scenes.outcomes(to)
    assert found.pop(harm.identifier(GOOD))["outcome"] == "exported"
    for number, what in enumerate(zips.ALL):
        line = found.pop(harm.identifier(number))
        if line["outcome"] == "failed":
            assert line["code"] in {"render", "unsupported"}, (what, line)
            assert line["message"].isprintable(), what
            assert len(line["message"]) < 600, what
        assert line["outcome"] == "failed" or what in zips.EXPORTED, (what, line)
    assert not found
    assert files(bad[name]) == before
    assert {path.name for path in tmp_path.iterdir()} <= {"a", "scratch"}
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]
    for path in files(to):
        if path.suffix == ".tar":
            with tarfile.open(to / path) as tar:
                for member in tar:
                    assert member.isfile()
                    assert member.name.isprintable()
                    assert not {"..", "", "/"} & set(member.name.split("/")), member.name
                    assert zips.MARK not in tar.extractfile(member).read(), member.name
        else:
            assert zips.MARK not in (to / path).read_bytes(), path


def read(path):
    """What the library says of a zip when all of it is read; "" if it reads it."""
    try:
        for found in open_output(path):
            for name in found.files:
                found.read(name)
    except ReadError as error:
        return str(error)
    return ""


def test_the_library_refuses_each_but_what_harms_nobody(bad):
    said = {what: read(harm.zip_of(bad["usual"], number)) for number, what in enumerate(zips.ALL)}
    assert {what for what, line in said.items() if not line} <= zips.HARMLESS
    assert not {what for what, line in said.items() if not line.isprintable()}
    good = open_output(harm.zip_of(bad["usual"], GOOD))[0]
    assert len(good.views) == 8


def test_the_gallery_shows_the_others(bad, tmp_path):
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({LITTLE},) * 2)"
    before = files(bad["usual"])
    run_worker(
        "gallery", "--output", bad["usual"], "--to", tmp_path / "site", "--sheet",
        tmp_path / "sheet.png", first=limit,
    )  # fmt: skip
    assert files(bad["usual"]) == before
    assert {path.name for path in tmp_path.iterdir()} == {"site", "sheet.png"}
    uid = keys.uid_of(harm.identifier(GOOD))
    assert (tmp_path / "site" / gallery_keys.site_object(uid)).exists()
    for path in files(tmp_path):
        assert zips.MARK not in (tmp_path / path).read_bytes()


def test_nothing_unpacks_without_an_end(bad, tmp_path):
    """In a process of little memory, that would die of it."""
    number = list(zips.ALL).index("a bomb")
    alone = tmp_path / "alone"
    shutil.copytree(bad["usual"], alone, copy_function=os.link)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({LITTLE},) * 2)"
    run_worker(
        "export", "webdataset", "--input", alone, "--to", tmp_path / "to", "--only",
        harm.identifier(number), "--max-failure-rate", "1", "--scratch", tmp_path, first=limit,
    )  # fmt: skip
    (line,) = [json.loads(line) for part in tmp_path.glob("to/ledger/*/*.jsonl")
               for line in part.read_text().splitlines()]  # fmt: skip
    assert line["code"] == "render"
    assert "compressed" in line["message"]
