"""Renders views of one object: scene, lights, render region and images."""
