"""The presets, one TOML file each, and the functions that load, check and describe them."""

from worker.presets.describe import Key, PresetRow, keys_of, table, to_toml
from worker.presets.loader import digest, load, names

__all__ = ["Key", "PresetRow", "digest", "keys_of", "load", "names", "table", "to_toml"]
