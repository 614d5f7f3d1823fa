"""Files of a large ledger's groups, made by ranks that read their own lines, are the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import run_worker
from tests.integration.gallery import outputs
from worker.core import keys
from worker.stores import open_store

WORLD = 3
LARGE = "from worker.export import units\nunits.WHOLE_PARTS = 0"
"""Every ledger is a large one."""


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    return outputs.many(tmp_path_factory.mktemp("many") / "out", 80)


def files(target: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in target.iterdir() if path.suffix == ".tar"}


@pytest.mark.parametrize("limit", [("--group-objects", 7), ("--group-objects", 30)])
def test_they_are_those_of_a_reading_of_all_lines(output, limit, tmp_path):
    assert list(open_store(str(output)).list(keys.SUMMARIES))
    kind = ("export", "webdataset", "--input", output, *limit)
    run_worker(*kind, "--to", tmp_path / "whole")
    whole = files(tmp_path / "whole")
    for rank in range(WORLD):
        run_worker(*kind, "--to", tmp_path / "streamed", "--rank", rank, "--world-size", WORLD,
                   first=LARGE)  # fmt: skip
        made = {int(name.split(".")[0]) for name in files(tmp_path / "streamed")}
        assert made == {each for each in range(len(whole)) if each % WORLD <= rank}
    assert files(tmp_path / "streamed") == whole
