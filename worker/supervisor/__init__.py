"""Blender processes from the host's side: starts, watches and talks to children."""
