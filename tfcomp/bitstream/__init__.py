"""The file format: container, row packing, frozen tables and the range coder. Needs NumPy only."""
