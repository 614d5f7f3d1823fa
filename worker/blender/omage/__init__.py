"""Object images: an object's surface is cut into charts, laid out on a square and baked.

Each step is one file. `geometry.triangle_soup` and `weld` make one mesh of the object. `unwrap`
and `charts` cut it into charts, `repack` arranges the charts, and `layout` combines these steps.
`mesh`, `emission` and `bake` let Cycles fill the square, and `seams` closes it where charts meet on
the object. The format follows the code and data set of Object Images. `union`, `weld`, `charts`,
`repack`, `raster` and `seams` do not use bpy.
"""
