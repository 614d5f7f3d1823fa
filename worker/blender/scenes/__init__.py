"""Builds synthetic scenes in Blender.

The scenes follow "How Useful is Self-Supervised Pretraining for Visual Tasks?" (Newell & Deng
2020), called "the study" in this package.
"""
