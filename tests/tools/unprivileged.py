"""A command as somebody without root's rights would run it, with this Python within reach."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

USER = 1000
# Python may lie in root's own home, which others cannot enter: in a mount namespace of its own,
# the user sees another folder there that holds the Python alone.
AS_USER = """
set -e
if [ -n "$2" ]; then
    mkdir "$1/python"
    mount --bind "$3" "$1/python"
    mount -t tmpfs -o mode=755 none "$2"
    mkdir -p "$3"
    mount --bind "$1/python" "$3"
fi
shift 3
exec setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps -all --bounding-set -all -- "$@"
"""


def missing() -> str:
    """Why no command can be run so; "" if it can."""
    if os.getuid() != 0:
        return ""  # who runs the tests is such a user
    lacking = [tool for tool in ("setpriv", "unshare") if not shutil.which(tool)]
    if lacking:
        return f"no {', '.join(lacking)}"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this root may not make a mount namespace"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A folder that belongs to the user."""
    # Outside pytest's folders, which are root's alone.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="render-worker-user-") as made:
        if os.getuid() == 0:
            os.chown(made, USER, USER)
        yield Path(made)


def command(home: Path, *arguments: object) -> list[str]:
    """The command line that runs `arguments` as the user, whose `folder` is `home`."""
    words = list(map(str, arguments))
    if os.getuid() != 0:
        return words
    prefix = Path(sys.base_prefix)
    closed = [each for each in prefix.parents if not each.stat().st_mode & stat.S_IXOTH]
    top = str(closed[-1]) if closed else ""
    return ["unshare", "--mount", "sh", "-c", AS_USER, "sh", str(home), top, str(prefix), *words]


def run(home: Path, *arguments: object, **options) -> subprocess.CompletedProcess[str]:
    """Run `arguments` as the user; `options` are those of subprocess.run."""
    return subprocess.run(
        command(home, *arguments), capture_output=True, text=True, check=False, **options
    )
