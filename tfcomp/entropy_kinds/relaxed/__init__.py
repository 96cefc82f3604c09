"""Symbols that need not be whole numbers, with gradients: for the relaxed forms of all kinds."""
