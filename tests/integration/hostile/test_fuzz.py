"""A few of the models of `make fuzz`, of every format, through the real worker."""

import re
import subprocess
import sys

from tests.command_line import ROOT, environment
from tests.patience import HANG_S


def test_mutated_models_end_in_outcomes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--minutes", "0", "--batch", "34", "--seed", "5",
         "--keep", tmp_path / "kept", "--scratch", tmp_path],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=2 * HANG_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    counts = dict(re.findall(r"^\| (.+) \| (\d+) \|$", done.stdout, re.MULTILINE))
    assert counts["inputs"] == "34"
    assert counts["escapes"] == counts["worker deaths"] == "0"
    assert int(counts["outcome `rendered`"]) > 3
    assert int(counts["outcome `import`"]) > 3
    assert len(re.findall(r"^- \w+: ", done.stdout, re.MULTILINE)) == 15, "every format"
    assert (tmp_path / "kept" / "messages.tsv").read_text().count("\n") > 3
