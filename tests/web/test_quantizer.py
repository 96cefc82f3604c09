"""The page's encoder rounds as Python's does, with the weights that the shipped bundles name."""

from __future__ import annotations

import numpy as np
import pytest

from tfcomp.bitstream.rate_distortion_quantizer import quantize, threshold_shifts
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import Bundle

_ROUND = """
async ({ cdf, offset, weight, residuals, scales }) => {
  const { CdfTables } = await import("/js/bitstream/tables.js");
  const { quantize, thresholdShifts } = await import("/js/bitstream/rate_distortion_quantizer.js");
  const tables = new CdfTables(Int32Array.from(cdf), Int32Array.from(offset));
  const shifts = thresholdShifts(tables, weight);
  const values = Float32Array.from(residuals, (r, i) => quantize(r, scales[i], shifts));
  return { shifts: Array.from(shifts), values: Array.from(values) };
}
"""


@pytest.mark.parametrize("model", ["cycle", "cycle-small"])
def test_residuals_become_the_same_integers_at_every_quality(page, model):
    bundle = Bundle.read(registry.find_by_name(model).path)
    tables = bundle.tables["latents"]
    random = np.random.default_rng(3)
    scales = random.integers(0, tables.count, 4000).astype(np.int32)
    residuals = random.laplace(0, 2, len(scales)).astype(np.float32)
    residuals[:50] = np.arange(50) / 2 - 12
    rounded = []
    for quality in range(1, bundle.qualities + 1):
        weight = bundle.manifest.layout.distortion_weight(quality)
        shifts = threshold_shifts(tables, weight)
        case = {
            "cdf": tables.cdf.tolist(),
            "offset": tables.cdf_offset.tolist(),
            "weight": weight,
            "residuals": residuals.tolist(),
            "scales": scales.tolist(),
        }
        found = page.evaluate(_ROUND, case)
        np.testing.assert_allclose(found["shifts"], shifts.reshape(-1), rtol=1e-6)
        expected = quantize(residuals, scales, shifts)
        np.testing.assert_array_equal(found["values"], expected)
        rounded.append(np.count_nonzero(expected))
    assert rounded[0] < rounded[-1]  # the weights grow with the quality, and matter
