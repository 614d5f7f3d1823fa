"""What the benchmarks run inside Blender: makers of models, and the baseline."""
