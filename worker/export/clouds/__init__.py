"""Point clouds: points from all views, farthest-point sampling and PLY files."""
