"""Object images: an object's surface cut into charts, laid out on a square, and baked there.

Steps, one file each: `parts` and `weld` make one mesh of the object, `unwrap` and `charts` cut it,
`repack` lays the charts out, `mesh`, `emission` and `bake` let Cycles fill the square; `layout`
goes from one mesh to the layout. Source of what an object image is: the code and
the data set of Object Images. `spec`, `union`, `weld`, `charts`, `repack`, `raster` know no bpy.
"""
