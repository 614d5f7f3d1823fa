"""Tables for `status`, `doctor` and `presets`, the contact sheet, and the gallery."""
