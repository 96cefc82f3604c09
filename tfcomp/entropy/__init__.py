"""Densities and their integer tables, integer layers, noise: the only package that imports TFC."""
