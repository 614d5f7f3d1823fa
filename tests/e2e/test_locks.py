"""The locks: a user's packages are all that the worker needs, and a developer's keep them."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "locks").glob("*.lock"))
# Blender's own modules, in any Blender.
BLENDER = {"bpy", "bmesh", "mathutils", "addon_utils", "io_scene_fbx"}


def pins(name: str) -> dict[str, str]:
    """The version of each package in a lock."""
    text = (ROOT / "locks" / name).read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", text, re.MULTILINE))


def imported(folder: Path) -> set[str]:
    """The modules of others that the Python files below a folder import at run time."""
    trees = (ast.parse(path.read_text()) for path in folder.rglob("*.py"))
    named = {name.partition(".")[0] for tree in trees for name in names(tree)}
    return named - sys.stdlib_module_names - BLENDER - {"worker", "tests"}


def names(node: ast.AST) -> Iterator[str]:
    """The modules imported in a syntax tree, but not those imported for types alone."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield node.module or ""
    elif not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
        for child in ast.iter_child_nodes(node):
            yield from names(child)


@pytest.mark.parametrize("name", ["bpy.lock", "build.lock"])
def test_a_developers_packages_change_no_users(name):
    developers = pins("dev.lock")
    assert pins(name)
    assert pins(name).items() <= developers.items()


def locked_modules(lock: str) -> set[str]:
    """The modules of the packages in a lock, as they are installed here."""
    locked = set(pins(lock))
    return {
        file.parts[0].partition(".")[0]  # PIL/Image.py, or OpenEXR.cpython-311-x86_64-linux-gnu.so
        for package in distributions()
        if re.sub(r"[-_.]+", "-", package.name).lower() in locked
        for file in package.files or ()
    }


def makers_of_samples() -> Path:
    """The folder of the module that the Makefile makes the sample objects with."""
    module = re.search(r"-m (\S+) samples\.part", (ROOT / "Makefile").read_text())[1]
    return ROOT / module.replace(".", "/")


@pytest.mark.parametrize("lock", ["bpy.lock", "run.lock"])
@pytest.mark.parametrize(
    "folder", [ROOT / "worker", makers_of_samples()], ids=["worker", "samples"]
)
def test_what_is_imported_is_locked(lock, folder):
    assert "numpy" in imported(folder)
    assert imported(folder) <= locked_modules(lock)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_by_hashes_and_from_no_index_of_its_own(lock):
    text = lock.read_text()
    entries = re.split(r"^(?=\S)(?!#)", text, flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+ \\\n    --hash=sha256:", entry), entry[:80]
    assert "://" not in text
