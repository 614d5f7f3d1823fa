"""What can be made of an object, one file each: the child's half of a recipe's `product`."""

from __future__ import annotations

from typing import Dict

from worker.blender.products import omage, scenes, views
from worker.blender.products.base import Product, Tell

PRODUCTS: Dict[str, Product] = {"views": views.make, "omage": omage.make, "scenes": scenes.make}

__all__ = ["PRODUCTS", "Tell"]
