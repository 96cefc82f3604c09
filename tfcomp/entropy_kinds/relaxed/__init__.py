"""Symbols between whole ones, with gradients: for the relaxed forms of all kinds."""
