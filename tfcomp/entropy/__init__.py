"""Densities and their integer tables, integer layers, noise; only this package imports TFC."""
