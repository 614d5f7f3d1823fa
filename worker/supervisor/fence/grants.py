"""The fence of one child: what Blender itself, its device and the objects to render need.

What Blender opens was found with strace, for the bpy 4.5 wheel and Debian's Blender 3.4.
"""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from worker.supervisor.devices import OF_CORES, Device, load_driver
from worker.supervisor.environment import PACKAGES, cache_folders
from worker.supervisor.fence import executables
from worker.supervisor.fence.folders import Private
from worker.supervisor.fence.policy import Fence
from worker.supervisor.fence.secrets import resolved
from worker.supervisor.runtime import WHEEL, Runtime

LIBRARIES: Final = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec",
    "/usr/local/lib", "/usr/local/lib64", "/usr/share", "/usr/local/share", "/nix/store",
)  # fmt: skip
SETTINGS: Final = (
    "/etc/fonts", "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/etc/mtab",
    "/etc/nsswitch.conf", "/etc/passwd", "/etc/timezone",
)  # fmt: skip
KERNEL: Final = (
    "/proc/self", "/proc/cpuinfo", "/proc/filesystems", "/proc/meminfo", "/proc/mounts",
    "/proc/stat", "/proc/sys/vm", "/proc/version", "/sys/devices/system/cpu",
    "/sys/devices/system/node", "/sys/kernel/mm/transparent_hugepage",
)  # fmt: skip
"""/proc/self is resolved in the child."""
RANDOM: Final = ("/dev/random", "/dev/urandom", "/dev/zero")
PROGRAMS: Final = ("/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin")
"""Folders of programs of the system; Blender's own files are never in them alone."""

PYTHON_PATHS: Final = ("stdlib", "platstdlib", "purelib", "platlib")

GPU_READ: Final = (
    "/proc/devices", "/proc/driver/nvidia", "/proc/driver/nvidia-uvm", "/proc/modules",
    "/sys/bus/pci", "/sys/devices", "/sys/module", "/usr/local/cuda", "/usr/local/nvidia",
    "/etc/nvidia", "/run/nvidia/driver",
)  # fmt: skip
GPU_UPDATE: Final = ("/proc/self/task",)
"""The driver names its threads in /proc/self/task/TID/comm (from 570 on, or CUDA answers 304)."""
GPU_DEVICES: Final = (
    "nvidia[0-9]*", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia-caps",
    "nvidia-caps-imex-channels", "dxg",
)  # fmt: skip
"""In /dev; the last is that of Windows' subsystem for Linux."""


def fence_of(
    runtime: Runtime,
    device: Device,
    home: Path,
    objects: Iterable[Path],
    private: Private,
    environment: Mapping[str, str],
) -> Fence:
    """The fence of a child of `runtime` on `device`, with its home, that reads `objects`.

    objects: files and folders of strangers' data. environment: the worker's own. Raises: OSError,
    if the program cannot be read.
    """
    program = resolved(Path(runtime.command[0]))
    gpu = device.kind not in OF_CORES
    own = [*_python(environment), *_packages(), *map(Path, (*LIBRARIES, *SETTINGS))]
    script = executables.is_script(program)
    if runtime.name != WHEEL:
        own += _tree(program)
    if gpu:
        own += map(Path, GPU_READ)
    blender = private.readable(each for each in own if each.exists())
    given = private.readable(objects)
    return Fence(
        read=(*blender.read, *given.read, *KERNEL, *RANDOM),
        names=(*blender.names, *given.names, str(PACKAGES)),
        execute=_executed(program, script=script),
        write=(str(resolved(home)), *_caches(device, private, environment)),
        update=("/dev/null", *(GPU_UPDATE if gpu else ())),
        devices=_devices() if gpu else (),
        unix_sockets=gpu,
        starts_others=script,
    )


def _python(environment: Mapping[str, str]) -> list[Path]:
    """The files of the worker's Python, which is also the wheel's and that of some programs."""
    paths = [Path(sysconfig.get_path(name)) for name in PYTHON_PATHS]
    for prefix in {sys.prefix, sys.base_prefix, environment.get("PYTHONHOME", "")} - {""}:
        paths += [Path(prefix, name) for name in ("lib", "lib64", "pyvenv.cfg")]
    libraries = map(Path, environment.get("LD_LIBRARY_PATH", "").split(":"))
    return paths + [each for each in libraries if each.is_absolute()]


def _packages() -> list[Path]:
    """The worker's own code; not the folder that it lies in, which may hold anything."""
    return [PACKAGES / __name__.partition(".")[0]]


def _tree(program: Path) -> list[Path]:
    """A Blender program's own files, which lie beside it unless it is the system's."""
    if str(program.parent) in PROGRAMS:
        return [program]
    return [program.parent]


def _executed(program: Path, *, script: bool) -> tuple[str, ...]:
    if script:
        return (str(program.parent), str(resolved(Path(sys.executable))), *PROGRAMS, *LIBRARIES)
    loader = executables.loader(program)
    return (str(program), *((str(resolved(Path(loader))),) if loader else ()))


def _caches(device: Device, private: Private, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The kernel caches of the driver, created so that they can be granted.

    Without one, the driver compiles again in every child; `doctor` says so.
    """
    found = []
    for folder in cache_folders(device.kind, environment).values():
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # The default of OptiX lies where anybody may have put a link.
            ours = not folder.is_symlink() or folder.lstat().st_uid == os.getuid()
            if ours and not private.touches(folder):
                found.append(str(resolved(folder)))
    return tuple(found)


def _devices() -> tuple[str, ...]:
    load_driver()
    found = (path for pattern in GPU_DEVICES for path in Path("/dev").glob(pattern))
    return tuple(sorted(map(str, found)))
