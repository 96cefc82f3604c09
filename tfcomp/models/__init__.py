"""Layers, losses and the codec models."""
