"""Bundles that do not come with tfcomp itself: see README.md."""
