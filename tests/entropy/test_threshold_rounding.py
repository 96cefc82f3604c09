import numpy as np
import pytest
import tensorflow as tf

from tfcomp.bitstream import rate_distortion_quantizer
from tfcomp.entropy_kinds.hyperprior.prior import threshold_rounding
from tfcomp.entropy_kinds.hyperprior.prior.scale_ladder import SCALES, ScaleLadder

WEIGHTS = (8.0, 30.0)


@pytest.fixture(scope="module", params=[False, True], ids=["gaussians", "heavy tails"])
def ladder(request):
    return ScaleLadder(request.param)


def _values():
    """Residuals [2, 8, 8, 16] of all sizes, and indices of the densities that they may have."""
    rng = np.random.default_rng(0)
    index = rng.integers(0, SCALES, (2, 8, 8, 16)).astype(np.float32)
    deviation = 0.08 * np.exp(index / (SCALES - 1) * np.log(1600.0))
    return (rng.normal(size=index.shape) * deviation).astype(np.float32), index


def test_values_go_where_the_encoder_puts_them(ladder):
    residual, index = _values()
    steps = threshold_rounding.bit_steps(ladder)
    found = threshold_rounding.quantize(residual, index, steps, tf.constant(WEIGHTS))
    tables = ladder.freeze()
    for number, weight in enumerate(WEIGHTS):
        shifts = rate_distortion_quantizer.threshold_shifts(tables, weight)
        of_files = rate_distortion_quantizer.quantize(
            residual[number], index[number].astype(np.int32), shifts
        )
        # Tables hold probabilities in whole 65536ths: a value may fall on the other side.
        assert np.mean(found[number] != of_files) < 0.005
        assert np.mean(np.rint(residual[number]) != of_files) > 0.01


def test_no_gradient_passes_through_thresholds(ladder):
    residual, index = (tf.constant(x) for x in _values())
    with tf.GradientTape() as tape:
        tape.watch([residual, index])
        steps = threshold_rounding.bit_steps(ladder)
        total = tf.reduce_sum(
            threshold_rounding.quantize(residual, index, steps, tf.constant(WEIGHTS))
        )
    assert tape.gradient(total, [residual, index, *ladder.trainable_variables]) == [None] * (
        2 + len(ladder.trainable_variables)
    )
