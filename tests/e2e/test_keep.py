"""--keep-downloads keeps what came over a network, and says so where nothing did."""

from __future__ import annotations

import pytest

from tests.command_line import log_lines, run_worker
from tests.e2e import crash
from tests.integration.sources.servers import Web, body


@pytest.mark.parametrize("local", [True, False])
def test_what_is_local_is_not_kept_and_that_is_said(tmp_path, local):
    crash.cubes(tmp_path / "models", 1)
    (model,) = (tmp_path / "models").iterdir()
    with Web() as web:
        web.routes[f"/{model.name}"] = body(model.read_bytes())
        place = str(model) if local else f"{web.url}/{model.name}"
        (tmp_path / "list.txt").write_text(place + "\n")
        run = ("run", "list.txt", "--output", "out", "--keep-downloads", "kept",
               "--allow-hosts", "127.0.0.1", *crash.TINY)  # fmt: skip
        done = run_worker(*run, where=tmp_path)
        again = run_worker(*run, where=tmp_path)
    said = [line for line in log_lines(done) if line["event"].startswith("nothing kept")]
    assert [line["keep"] for line in said] == ["kept"] * local
    assert bool(list((tmp_path / "kept" / "downloads").glob("*"))) is not local
    assert "nothing kept" not in again.stderr  # there was nothing left to do
