"""A hyperprior in stock TensorFlow operations: its networks, and its sections in a SavedModel."""

from __future__ import annotations

from typing import Any

from tfcomp.entropy_kinds.base import Tables
from tfcomp.entropy_kinds.hyperprior.graph.networks import DeployedEntropy
from tfcomp.entropy_kinds.hyperprior.graph.sections import GraphHyperprior

__all__ = ["DeployedEntropy", "GraphHyperprior", "build", "networks"]


def networks(prior: Any, half: bool) -> DeployedEntropy:
    """What entropy.tflite is made of; see `EntropyKind.graph`."""
    return DeployedEntropy(prior, half=half)


def build(prior: Any, tables: Tables, qualities: int, half: bool) -> GraphHyperprior:
    """The entropy model of a SavedModel; see `EntropyKind.graph`."""
    return GraphHyperprior(tables, prior.layout, networks(prior, half), qualities)
