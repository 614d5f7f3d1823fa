"""Starts a child in a Blender executable.

blender -b --factory-startup --disable-autoexec --python-exit-code 70 \
    --python worker/blender/program.py -- --socket-fd N
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path


def start(module: str) -> None:
    """Run the `main` of a module of the worker, with the arguments after "--"."""
    _find(Path(__file__).resolve().parents[1])
    importlib.import_module(module).main(
        sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    )


def _find(package: Path) -> None:
    """Make the worker's package importable, and nothing else of the folder that holds it.

    An installed worker lies among the packages of another Python, and numpy is one of them.
    """
    spec = importlib.util.spec_from_file_location(
        package.name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    assert spec is not None  # noqa: S101 - the file is a Python module
    assert spec.loader is not None  # noqa: S101
    made = importlib.util.module_from_spec(spec)
    sys.modules[package.name] = made
    spec.loader.exec_module(made)


if __name__ == "__main__":
    start("worker.blender.child")
