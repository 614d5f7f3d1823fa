"""Closes object images: both sides of a seam get the same border, point by point.

A seam is where charts meet on the object: a chain of edges, an arc, that the outlines of charts run
along. In the image each chart ends at pixels; `grid` finds these loops of pixels, `follow` where
each pixel lies along the chart's outline, and `samples` chooses points on every arc that the pixels
of all its sides move to. The points that two charts share are then the same numbers, so that a mesh
made of the image is closed once equal points are merged. Nothing here uses bpy.
"""
