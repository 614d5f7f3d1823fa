"""Materials: textures, colours and the surface values of shaders."""
