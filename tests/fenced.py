"""Runs harmless tries as a Blender child would run, in its fence or without one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.patience import HANG_S
from worker.supervisor.devices import Device
from worker.supervisor.fence.fences import Fences, Surroundings
from worker.supervisor.fence.policy import Fence
from worker.supervisor.launch import ANY_CORE, NO_FENCE
from worker.supervisor.process import LAUNCH
from worker.supervisor.runtime import Runtime

CPU = Device("cpu")
PYTHON = Runtime("bpy", (sys.executable,))
TRIES = """\
import json, sys
said = {}
for name, code in json.loads(sys.argv[1]).items():
    try:
        exec(code, {})
        said[name] = "done"
    except OSError as error:
        import errno
        said[name] = errno.errorcode.get(error.errno, repr(error))
    except BaseException as error:
        said[name] = repr(error)
print(json.dumps(said))
"""


def fence_of(
    home: Path,
    objects: tuple[Path, ...] = (),
    private: tuple[Path, ...] = (),
    device: Device = CPU,
    runtime: Runtime = PYTHON,
) -> Fence:
    """The fence that a child with this home gets."""
    home.mkdir(parents=True, exist_ok=True)
    fences = Fences("auto", runtime, Surroundings(objects, private), os.environ)
    fence = fences.of(device, home)
    assert fence is not None
    return fence


def run(fence: Fence | None, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as `worker.supervisor.launch` starts it, to its end."""
    with tempfile.TemporaryFile() as policy:
        policy.write(b"" if fence is None else fence.to_json())
        policy.seek(0)
        given = NO_FENCE if fence is None else str(policy.fileno())
        return subprocess.run(
            [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), given, ANY_CORE, *command],
            pass_fds=[policy.fileno()],
            start_new_session=True,
            cwd=home,
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )


def tries(fence: Fence | None, home: Path, **code: str) -> dict[str, str]:
    """What becomes of each piece of Python: "done", or the name of its errno."""
    done = run(fence, home, sys.executable, "-I", "-c", TRIES, json.dumps(code))
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return said
