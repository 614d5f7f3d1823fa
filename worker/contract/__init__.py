"""What the host and Blender's side agree on: recipes, messages, render passes, scene draws.

It needs only Python 3.10, the standard library and numpy, no bpy, because it also runs inside
Blender's own interpreter.
"""
