"""Published recipes, one TOML file each, and what reads them."""

from worker.presets.describe import Key, Row, keys_of, table, to_toml
from worker.presets.loader import digest, load, names

__all__ = ["Key", "Row", "digest", "keys_of", "load", "names", "table", "to_toml"]
