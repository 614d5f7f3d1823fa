"""Shard indexes: lists of objects and their locations, divided into shards."""
