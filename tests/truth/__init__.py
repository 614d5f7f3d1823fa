"""Small inputs after complaints: coloured cubes in every format, each with one fault of a kind."""
