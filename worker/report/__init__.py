"""Tables for `status`, `doctor` and `presets`, and the contact sheet."""
