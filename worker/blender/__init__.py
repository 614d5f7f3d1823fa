"""The code of the child: runs in Blender's own Python (3.10 or later) or under the bpy wheel.

Modules here may import only the standard library, numpy, bpy, mathutils and `worker.contract`,
which the host shares. No module outside this folder imports bpy.
"""
