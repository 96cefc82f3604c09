"""Entropy models and their frozen integer tables: the only package that imports TFC."""
