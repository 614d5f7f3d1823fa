"""What the host and Blender's side agree on: recipes, messages, render passes, scene draws.

Free of bpy, and at home in Python 3.10 with nothing but the standard library and numpy: it runs
inside Blender's own interpreter too.
"""
