"""Point clouds: points of all views, evenly thinned, and their files."""
