"""Importing a model file into Blender."""
