"""Somebody without root's rights, as the people of a cluster are."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.patience import HANG_S

USER = 1000
AS_USER = """
# In a mount namespace of its own: the FUSE device for everybody, as a cluster's nodes have it,
# and the user's name, where the machine has nobody of this number.
set -e
[ -e "$1/fuse" ] || mknod -m 666 "$1/fuse" c 10 229
mount --bind "$1/fuse" /dev/fuse
grep -v '^[^:]*:[^:]*:1000:' /etc/passwd >"$1/passwd"
echo "somebody:x:1000:1000::$1/home:/bin/sh" >>"$1/passwd"
mount --bind "$1/passwd" /etc/passwd
shift
exec setpriv --reuid 1000 --regid 1000 --clear-groups -- "$@"
"""


class OrdinaryUser:
    """Somebody with a home, a $TMPDIR and a folder for results below `folder`, and no more."""

    def __init__(self, path: str, folder: Path) -> None:
        self.folder, self.path = folder, path
        self.home, self.tmp, self.out = (folder / name for name in ("home", "tmp", "out"))
        folder.chmod(0o755)
        for place in (self.home, self.tmp, self.out):
            place.mkdir()
            os.chown(place, USER, USER)

    def apptainer(self, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        own = {"PATH": self.path, "HOME": str(self.home), "TMPDIR": str(self.tmp)}
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", AS_USER, "sh", self.folder,
             "apptainer", *map(str, arguments)],
            env={**own, **variables}, cwd="/", capture_output=True, text=True, errors="replace",
            timeout=4 * HANG_S, check=False,
        )  # fmt: skip


@contextlib.contextmanager
def ordinary_user(path: str) -> Iterator[OrdinaryUser]:
    """A user whose PATH is `path`; gone with the block."""
    # Outside pytest's folders, which are root's alone and made so anew by every other test run.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="render-worker-user-") as folder:
        yield OrdinaryUser(path, Path(folder))
