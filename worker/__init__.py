"""Turns lists of 3D objects into training images.

Imported by Blender's own interpreter too, so nothing but the standard library here.
"""

__version__ = "0.1.0"
