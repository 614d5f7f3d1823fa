"""Blender's side: runs inside Blender's own Python (3.10 and up) or under the bpy wheel.

Only the standard library, numpy, bpy and mathutils may be imported here, and nothing
outside this folder imports bpy. `messages`, `recipe` and `layouts` are free of bpy: the host
shares them.
"""
