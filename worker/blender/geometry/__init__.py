"""The geometry of a scene: triangles, extents, poses, modifiers and visibility."""
