"""A reader for each system that a preset stands in for, by that system's rules and no one else's.

They import nothing of the worker: what they open is a zip, as its user finds it. Each has
``read(archive, uid)``, which gives a `Seen` for every view.
"""
