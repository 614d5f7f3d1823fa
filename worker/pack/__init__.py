"""From raw passes to images, and from images to one deterministic zip."""
