"""The products that a child can make of an object, one file each; `Recipe.product` selects one."""

from __future__ import annotations

from typing import Dict

from worker.blender.products import omage, scenes, views
from worker.blender.products.base import Product, Report

PRODUCTS: Dict[str, Product] = {"views": views.make, "omage": omage.make, "scenes": scenes.make}

__all__ = ["PRODUCTS", "Report"]
