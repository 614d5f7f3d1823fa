"""Zips in folders named after the first characters of their uids: every command finds them."""

from __future__ import annotations

import json

import pyarrow.parquet as pq

from render_worker import open_output
from tests.command_line import run_worker
from tests.e2e import crash
from worker.core import gallery_keys, keys


def test_an_output_keeps_its_layout_and_every_command_reads_it(tmp_path):
    models, output, flat = crash.cubes(tmp_path / "models", 2), tmp_path / "out", tmp_path / "flat"
    arguments = ("run", models, "--output", output, *crash.TINY)
    run_worker(*arguments, "--layout-prefix", 2)
    run_worker("run", models, "--output", flat, *crash.TINY)
    uids = [keys.uid_of(f"cube-{number:03d}.obj") for number in range(2)]
    for uid in uids:
        zipped = output / "renders" / uid[:2] / f"{uid}.zip"
        assert zipped.read_bytes() == (flat / "renders" / f"{uid}.zip").read_bytes()
    assert sum(1 for _ in output.rglob("*.zip")) == 2
    job, usual = (json.loads((each / keys.JOB).read_bytes()) for each in (output, flat))
    assert job == {**usual, "layout_prefix": 2}
    assert "layout_prefix" not in usual

    # Without the option, a run goes on as the output was begun; with another value, it is refused.
    (output / keys.render_zip(uids[0], 2)).unlink()
    run_worker(*arguments, "--retry", "lost")
    assert sum(1 for _ in output.rglob("*.zip")) == 2
    done = run_worker(*arguments, "--layout-prefix", 0, check=78)
    assert "another --layout-prefix: 2, not 0" in done.stderr

    run_worker("export", "parquet", "--input", output, "--to", tmp_path / "set")
    (table,) = (tmp_path / "set").glob("*.parquet")
    assert sorted(pq.read_table(table)["zip"].to_pylist()) == sorted(
        keys.render_zip(uid, 2) for uid in uids
    )
    run_worker("gallery", "--output", output, "--sheet", tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 0
    run_worker("gallery", "--output", output)
    assert (output / gallery_keys.GALLERY / gallery_keys.site_object(uids[0])).exists()

    # The reading library, with a ledger and without.
    for _ in range(2):
        objects = open_output(output)
        assert sorted(found.uid for found in objects) == sorted(uids)
        assert all(found.views[0].colour.shape == (16, 16, 4) for found in objects)
        (output / "ledger").rename(tmp_path / "ledger") if (output / "ledger").exists() else None
