"""What a Blender child sees of the worker's environment.

A child runs on untrusted files, so it gets an allow-list: no credentials, no tokens, nothing of
the scheduler's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NAMES = frozenset({"PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHOME"})
PREFIXES = ("LC_", "CUDA_", "NVIDIA_", "OPTIX_", "__EGL_", "__GLX_", "VK_", "OMP_")


def child_environment(outer: Mapping[str, str], home: Path) -> dict[str, str]:
    """The allowed variables of `outer`, with `home` as the child's home and temporary folder."""
    kept = {
        name: value for name, value in outer.items() if name in NAMES or name.startswith(PREFIXES)
    }
    # Without a writable cache the driver compiles its kernels anew in every child.
    cache = outer.get("CUDA_CACHE_PATH") or str(Path(outer.get("HOME", "/")) / ".nv/ComputeCache")
    return {
        **kept,
        "CUDA_CACHE_PATH": cache,
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
