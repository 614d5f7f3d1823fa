"""The environment variables of a child.

A child reads untrusted files, so it gets only allow-listed variables: no credentials, no tokens,
none of the scheduler's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

NAMES = frozenset({"PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHOME"})
PREFIXES = ("LC_", "CUDA_", "NVIDIA_", "OPTIX_", "__EGL_", "__GLX_", "VK_", "OMP_")


def child_environment(outer: Mapping[str, str], home: Path) -> dict[str, str]:
    """The allow-listed variables of `outer`; `home` is the child's home and temporary folder."""
    allowed = {
        name: value for name, value in outer.items() if name in NAMES or name.startswith(PREFIXES)
    }
    # Without a writable cache, the driver would compile its kernels again in every child.
    cache = outer.get("CUDA_CACHE_PATH") or str(Path(outer.get("HOME", "/")) / ".nv/ComputeCache")
    return {
        **allowed,
        "CUDA_CACHE_PATH": cache,
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
