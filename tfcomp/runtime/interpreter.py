"""The old name of tfcomp/networks/interpreter.py, for a release."""

from tfcomp.networks.interpreter import Model, Network

__all__ = ["Model", "Network"]
