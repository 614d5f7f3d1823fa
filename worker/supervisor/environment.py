"""The environment variables of a child.

A child reads untrusted files, so it gets only allow-listed variables: no credentials, no tokens,
none of the scheduler's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

PACKAGES = Path(__file__).parents[2]
"""The folder that holds the worker's packages."""
NAMES = frozenset({"PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHOME"})
PREFIXES = ("LC_", "CUDA_", "NVIDIA_", "OPTIX_", "__EGL_", "__GLX_", "VK_", "OMP_")

CACHE_VARIABLES = {
    "cuda": "CUDA_CACHE_PATH",
    "optix": "OPTIX_CACHE_PATH",
    "mesa": "MESA_SHADER_CACHE_DIR",
    "gl": "__GL_SHADER_DISK_CACHE_PATH",
}
"""The variable that names the folder of each kernel cache."""


def child_environment(outer: Mapping[str, str], home: Path, *, wheel: bool) -> dict[str, str]:
    """The allow-listed variables of `outer`; `home` is the child's home and temporary folder.

    wheel: whether the child is this Python with the bpy wheel, which shares its packages. A Blender
    program finds the worker by itself (`worker/blender/program.py`), and must see no package of
    another Python: its own numpy would not load.
    """
    allowed = {
        name: value for name, value in outer.items() if name in NAMES or name.startswith(PREFIXES)
    }
    packages = {"PYTHONPATH": str(PACKAGES)} if wheel else {}
    return {
        **allowed,
        **packages,
        # Without a writable cache, a driver would compile its kernels again in every child.
        **{
            CACHE_VARIABLES[name]: str(folder)
            for kind in ("cuda", "egl")
            for name, folder in cache_folders(kind, outer).items()
        },
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def cache_folders(kind: str, outer: Mapping[str, str]) -> dict[str, Path]:
    """The folders in which the driver of a device of `kind` keeps compiled kernels; see `Device`.

    On an OptiX device, Blender compiles the shared kernels through CUDA too.
    """
    if kind == "cpu":
        return {}
    home = outer.get("HOME", "/")
    if kind in {"egl", "software"}:
        # Mesa's own default lies beside the caches of other programs, below ~/.cache.
        mesa = outer.get(CACHE_VARIABLES["mesa"]) or Path(home, ".cache/mesa_shader_cache")
        opengl = outer.get(CACHE_VARIABLES["gl"]) or Path(home, ".nv/GLCache")
        found = {"mesa": Path(mesa), "gl": Path(opengl)}
        return found if kind == "egl" else {"mesa": found["mesa"]}
    cuda = outer.get("CUDA_CACHE_PATH") or Path(home, ".nv/ComputeCache")
    folders = {"cuda": Path(cuda)}
    if kind == "optix":
        # The driver's default (OptiX Programming Guide, "Module compilation", disk cache).
        user = outer.get("USER") or outer.get("LOGNAME") or str(os.getuid())
        default = f"/var/tmp/OptixCache_{user}"  # noqa: S108 - the driver's choice
        folders["optix"] = Path(outer.get("OPTIX_CACHE_PATH") or default)
    return folders
