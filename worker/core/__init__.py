"""What every room uses: errors, keys, logging, S3, memory, cores, ranks."""
