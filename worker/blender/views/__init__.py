"""Rendering views of one object: scene, lights, render region, images."""
