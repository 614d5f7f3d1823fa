"""Programs that the benchmarks run inside Blender: the model generators and the baseline."""
