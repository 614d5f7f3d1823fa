"""The model formats the worker knows, by file suffix."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

MODEL_SUFFIXES: Final = frozenset(
    {
        "glb", "gltf", "obj", "fbx", "stl", "ply", "dae",
        "abc", "usd", "usda", "usdc", "usdz", "blend", "off",
    }
)  # fmt: skip
"""Lower-case suffixes without a dot; which of them a Blender can import, its child says."""


def suffix_of(name: str) -> str:
    """Lower-case suffix of a POSIX path or plain name, without the dot; "" if it has none."""
    return PurePosixPath(name).suffix[1:].lower()


def is_model(name: str) -> bool:
    """Whether `name` looks like a model: its suffix is a known one."""
    return suffix_of(name) in MODEL_SUFFIXES
