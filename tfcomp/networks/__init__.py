"""TFLite networks in NumPy arrays: run whole or in tiles, and read layer by layer."""
