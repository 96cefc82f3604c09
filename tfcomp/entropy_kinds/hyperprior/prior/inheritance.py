r"""How a hyperprior starts from a trained one that may have fewer passes.

    trained   even squares ------------------------> odd squares
                   |        \                            |
    new       even rows'     odd rows' even squares   odd squares
              (the same networks, with zero weights for the context that is new)

So before its first step of training it decodes to what the trained one decodes to.
"""

from __future__ import annotations

from typing import Any, Sequence

import tensorflow as tf

from tfcomp.entropy_kinds.hyperprior.layout import HYPER_STRIDE


def inherit(prior: Any, trained: Any) -> bool:
    """Gives a `Hyperprior` the variables of a trained one, those of the ladder if both have tails.

    Args:
      prior: the new one. Where its groups have more passes than the trained one's (`quincunx`), the
        additional ones start as the trained pass over all even squares.
      trained: has the same networks otherwise.

    Returns:
      whether that was possible; if not, nothing has changed.
    """
    sources = [_source(step, trained.passes) for step in prior.passes]
    if prior.groups != trained.groups or None in sources:
        return False
    features = prior.hyper_layers[-1].kernel.shape[-1] // HYPER_STRIDE**2
    pairs = list(zip(_common_variables(prior), _common_variables(trained)))
    if prior.sequence and trained.sequence:
        mine, its = prior.sequence.variables, trained.sequence.variables
        if len(mine) != len(its):
            return False
        pairs += list(zip(mine, its))
    for layers, number, step in zip(prior.pass_layers, sources, prior.passes):
        trained_layers, seen = trained.pass_layers[number], trained.passes[number].seen
        for name, layer in layers.items():
            its = trained_layers[name]
            if (layer.pointwise_kernel is None) != (its.pointwise_kernel is None):
                return False
            kernel = its.kernel
            if its.pointwise_kernel is not None:
                pairs.append((layer.pointwise_kernel, its.pointwise_kernel))
            elif name == "first":
                kernel = _widened(kernel, features, seen, step.seen)
            pairs += [(layer.kernel, kernel), (layer.bias, its.bias)]
    if any(variable.shape != value.shape for variable, value in pairs):
        return False
    for variable, value in [*pairs, *zip(prior.ladder.variables, trained.ladder.variables)]:
        variable.assign(value)
    return True


def _source(step: Any, passes: Sequence[Any]) -> int | None:
    """The number of the trained pass that this pass starts as; None where there is none."""
    for candidate in (step, step._replace(row_parity=None)):
        if candidate in passes:
            return passes.index(candidate)
    return None


def _common_variables(prior: Any) -> list[tf.Variable]:
    """All but those of the passes, of the ladder and of dependent frames."""
    parts = [layer for layers in prior.pass_layers for layer in layers.values()] + [prior.ladder]
    parts += [prior.sequence] if prior.sequence else []
    others = {id(v) for part in parts for v in part.variables}
    return [v for v in prior.variables if id(v) not in others]


def _widened(kernel: tf.Tensor, features: int, seen: int, wanted: int) -> tf.Tensor:
    """A pass's first kernel, with zeros for the context that its source did not see."""
    own, sizes, values = tf.split(kernel, [features, seen, seen], axis=2)
    more = [[0, 0], [0, 0], [0, wanted - seen], [0, 0]]
    return tf.concat([own, tf.pad(sizes, more), tf.pad(values, more)], axis=2)
