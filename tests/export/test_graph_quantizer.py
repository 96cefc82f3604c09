import numpy as np
import tensorflow as tf

from tfcomp.bitstream import rate_distortion_quantizer
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.hyperprior.graph.quantizer import quantize

TABLES = CdfTables(
    np.array([-8, 0, 1, 6, 250, 255, 256, -8, 0, 20, 90, 150, 230, 256, 4, 0, 1, 15, 16]),
    np.array([-2, -2, -1]),
    np.zeros(3),
)


def test_values_are_those_of_the_bitstream_package_ties_and_extremes_too():
    rng = np.random.default_rng(0)
    residual = rng.normal(size=4000, scale=np.exp(rng.uniform(-2, 3, 4000)))
    # Halves, and the very thresholds to every level.
    residual[:200] = np.round(2 * residual[:200]) / 2
    residual[200:204] = 2.0**24, -(2.0**24), 2.0**20, -0.0
    scale = rng.integers(0, 3, 4000).astype(np.int32)
    for weight in (rate_distortion_quantizer.DISTORTION_WEIGHT, None):
        shifts = rate_distortion_quantizer.threshold_shifts(TABLES, weight)
        level = rng.integers(1, 17, 4000)
        at = np.where(np.arange(4000) % 3, residual, level - 0.5 + shifts[scale, level])
        expected = rate_distortion_quantizer.quantize(at, scale, shifts)
        result = quantize(
            tf.constant(at, tf.float64), tf.constant(scale), tf.constant(shifts, tf.float64)
        )
        np.testing.assert_array_equal(result, expected)
        nearest = np.rint(at.clip(-(2**20), 2**20))
        assert weight is None or np.mean(expected != nearest) > 0.002
