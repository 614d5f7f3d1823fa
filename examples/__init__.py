"""Examples, each a folder with a README.md."""
