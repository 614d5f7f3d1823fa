"""What makes the docs' pages."""
