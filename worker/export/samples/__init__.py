"""Synthetic scenes as table rows: reading them from zips and preparing them for training."""
