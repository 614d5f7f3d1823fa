"""Benchmarks: each compares two ways on one machine, in one process tree. `make bench`."""
