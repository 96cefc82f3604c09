"""Layers, losses, and what every codec model is; the models stand in tfcomp/families."""
