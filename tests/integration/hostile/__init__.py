"""Hostile corpora: inputs that lie or lead out, each with its outcome, and nothing else reached."""
