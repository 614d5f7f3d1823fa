"""From an object to a trained radiance field, on a CPU."""
