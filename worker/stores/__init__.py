"""Stores: where results live. The same keys on a folder and on S3."""
