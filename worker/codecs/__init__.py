"""File formats used by several packages: PNG, NPZ, EXR, JSON, zip entries, camera conventions."""
