"""Shard indexes: what objects there are, in shards, and where their bytes lie."""
