"""Small inputs after complaints: coloured cubes in every format, each with one fault of a kind."""

RANDOM_SCENES = 18
"""How many: each kind of part leads two."""
