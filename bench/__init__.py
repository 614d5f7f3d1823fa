"""Benchmarks, run by `make bench`. Each compares two methods on one machine."""
