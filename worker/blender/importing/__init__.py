"""Bringing a model file into Blender."""
