"""Generators of pages and pictures of docs/, and contracts for import-linter."""
