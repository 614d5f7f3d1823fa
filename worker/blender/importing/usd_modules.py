"""USD's own Python modules, which Blender has with it."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from typing import Any, NamedTuple

import bpy


class UsdModules(NamedTuple):
    """What Blender has of USD: `pxr.Sdf`, `pxr.UsdUtils`, and the class that writes a package."""

    sdf: Any
    utils: Any
    package_writer: Any


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
        sdf, usd, utils = map(importlib.import_module, ("pxr.Sdf", "pxr.Usd", "pxr.UsdUtils"))
    except ImportError:
        return None
    has_writer = sdf if hasattr(sdf, "ZipFileWriter") else usd  # Sdf in 5.2
    return UsdModules(sdf, utils, has_writer.ZipFileWriter)
