"""USD's own Python modules, which Blender has with it."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from typing import Any, NamedTuple

import bpy

USD_MODULES = ("Sdf", "Usd", "UsdUtils")


class UsdModules(NamedTuple):
    """The USD modules that Blender has: `pxr.Sdf`, `pxr.Usd` and `pxr.UsdUtils`."""

    sdf: Any
    usd: Any
    utils: Any


@functools.cache
def usd_modules() -> UsdModules | None:
    """USD's Python modules, or None if this Blender has none.

    The bpy wheel has them where a Blender program looks for modules. That folder is put last on
    the path: it has other packages, too.
    """
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    bundled = os.path.join(  # noqa: PTH118
        bpy.utils.resource_path("LOCAL"), "python", "lib", python, "site-packages"
    )
    if bundled not in sys.path:
        sys.path.append(bundled)
    try:
        return UsdModules(*(importlib.import_module(f"pxr.{name}") for name in USD_MODULES))
    except ImportError:
        return None
