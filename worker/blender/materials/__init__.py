"""Materials: textures, colours, what a shader says of a surface."""
