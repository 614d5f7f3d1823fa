"""Synthetic scenes in the way of the self-supervision study: the child's half."""
