"""The old name of tfcomp/networks/padding.py, for a release."""

from tfcomp.networks.padding import EdgePadded

__all__ = ["EdgePadded"]
