"""Sources: each brings one object's bytes to a local folder, verified."""
