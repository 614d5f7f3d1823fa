"""Files read and written by more than one room: PNG, NPZ, EXR, JSON, zip entries, cameras."""
