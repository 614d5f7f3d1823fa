"""Object images: an object's surface cut into charts, laid out on a square, and baked there.

Steps, one file each: `parts` and `weld` make one mesh of the object, `unwrap` and `charts` cut it,
`repack` lays the charts out, `mesh`, `emission` and `bake` let Cycles fill the square; `layout`
goes from one mesh to the layout. What an object image is: formats.md in the project's notes,
section 3. `spec`, `union`, `weld`, `charts`, `repack` and `raster` are free of bpy.
"""
