"""Faults that the tests make happen where the product has no switch for them."""
