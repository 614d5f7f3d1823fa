"""The host's side of Blender: starting, watching and speaking to its children."""
