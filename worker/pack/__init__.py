"""Encodes raw passes as images and packs them into one deterministic zip per object."""
