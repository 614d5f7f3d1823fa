"""Modules that every package uses: errors, keys, logging, S3, memory, cores, ranks."""
