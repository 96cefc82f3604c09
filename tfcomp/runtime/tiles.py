"""The old name of tfcomp/networks/tiles.py, for a release."""

from tfcomp.networks.tiles import put_tile, run_tiled, tiles

__all__ = ["put_tile", "run_tiled", "tiles"]
