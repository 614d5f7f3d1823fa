"""An output that lies in the folder it is made of."""

from __future__ import annotations

from tests.command_line import SMALL, log_lines, run_worker


def test_an_output_within_its_own_list_goes_on(own_samples):
    arguments = ("run", own_samples, "--output", own_samples / "out", "--device", "cpu", *SMALL)
    run_worker(*arguments, "--limit", 2)
    run_worker(*arguments)
    again = run_worker(*arguments)
    (done,) = [line for line in log_lines(again) if line["event"] == "done"]
    assert done["rendered"] == 0
    assert done["settled_earlier"] == len(list(own_samples.glob("out/renders/*.zip")))
    status = run_worker("status", "--output", own_samples / "out", "--index", own_samples)
    assert "0 left" in status.stdout
