"""The model formats that the worker knows, by file suffix."""

from __future__ import annotations

MODEL_SUFFIXES = frozenset(
    {
        "glb", "gltf", "obj", "fbx", "stl", "ply", "dae",
        "abc", "usd", "usda", "usdc", "usdz", "blend", "off",
    }
)  # fmt: skip
"""Lower-case suffixes without the dot. A child reports which of them its Blender can import."""
