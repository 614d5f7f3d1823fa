"""Synthetic scenes as rows: read from their zips, and made into what a trainer takes."""
