"""Layers, losses and the base class of all codec models, which are in tfcomp/families."""
