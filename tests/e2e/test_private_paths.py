"""Ledger lines and zips name no folder of the machine, however an object fails."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.command_line import ROOT, run_worker
from tests.e2e.crash import TINY
from tests.failing_objects import FailingObjects
from tests.integration.blender.driver import DEBIAN


def found(blob, secrets):
    return {secret for secret in secrets if secret.encode() in blob}


def ledger(output):
    return [
        line
        for part in sorted(output.glob("ledger/*/*.jsonl"))
        for line in part.read_bytes().splitlines()
    ]


@pytest.mark.parametrize(
    "blender",
    ["bpy", pytest.param(DEBIAN, marks=[
        pytest.mark.debian_blender,
        pytest.mark.skipif(not DEBIAN.exists(), reason="NOT TESTED: no Debian blender"),
    ])],
)  # fmt: skip
def test_no_folder_of_the_machine_is_named(tmp_path, blender):
    (tmp_path / "home").mkdir()
    corpus = FailingObjects(tmp_path / "models")
    output = tmp_path / "out"
    done = run_worker(
        "run", corpus.list, "--output", output, *TINY, "--blender", blender, "--scratch",
        tmp_path / "scratch", "--memory-limit-mb", 2000, check=10, HOME=str(tmp_path / "home"),
    )  # fmt: skip
    lines = ledger(output)
    outcomes = [json.loads(line) for line in lines]
    assert len(outcomes) == len(corpus.records), done.stderr
    codes = {each.get("code") for each in outcomes if each["outcome"] == "failed"}
    assert codes >= {"empty", "import", "missing", "modified", "unsupported"}
    assert not codes & {"internal", "crash", "timeout"}
    # Scratch, home, list and output are below tmp_path.
    secrets = (str(tmp_path), str(ROOT), str(Path.home()))
    assert [line.decode() for line in lines if found(line, secrets)] == []
    zips = sorted(output.glob("renders/*.zip"))
    assert zips
    for path in zips:
        with zipfile.ZipFile(path) as zipped:
            for name in zipped.namelist():
                assert not found(zipped.read(name), secrets), f"{path.name}: {name}"
