"""What is left of root's rights in a fence, and that files of other users can still be read."""

from __future__ import annotations

import os

import pytest

from tests import fenced
from worker.supervisor.fence.privileges import KEPT

RIGHTS = """
fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
    found = int(fields[name], 16) & ~{kept}
    assert not found, f"{{name}}: {{found:x}}"
"""
UNFENCED = """
fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
assert not int(fields["CapEff"], 16) & ~{kept}
"""
as_root = pytest.mark.skipif(os.getuid() != 0, reason="NOT TESTED: needs root, who has rights")


@as_root
def test_rights_that_are_not_about_files_are_gone(tmp_path):
    fence = fenced.fence_of(tmp_path / "home")
    home = tmp_path / "home"
    assert fenced.tries(fence, home, rights=RIGHTS.format(kept=KEPT)) == {"rights": "done"}
    unfenced = fenced.tries(None, home, rights=UNFENCED.format(kept=KEPT))
    assert unfenced == {"rights": "AssertionError()"}


@as_root
def test_a_model_of_another_user_is_read(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir(mode=0o700)
    model = folder / "model.obj"
    model.write_text("v 0 0 0\n")
    model.chmod(0o600)
    for path in (model, folder):
        os.chown(path, 1000, 1000)
    fence = fenced.fence_of(tmp_path / "home", (folder,))
    found = fenced.tries(fence, tmp_path / "home", read=f"open({str(model)!r}).read()")
    assert found == {"read": "done"}
