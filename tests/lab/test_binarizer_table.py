"""The comparison of ways to make bits."""

import dataclasses

import pytest
from PIL import Image

from tests import needs
from tests.binary_factory import TINY

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

from lab import binarizer_table  # noqa: E402
from tfcomp import config as config_module  # noqa: E402


def test_ways_to_make_bits_are_compared_at_equal_raw_bits(tmp_path):
    config = config_module.load(TINY)
    training = dataclasses.replace(config.training, steps=10)
    config = dataclasses.replace(config, training=training)
    binarizer_table.compare(config, tmp_path, 2, only="0,3")
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert "0.25 raw bits/pixel" in lines[2] and "1 raw bits/pixel" in lines[2]
    assert [line.split("|")[1].strip() for line in lines[4:]] == [
        "noise 0.1 ... 15",
        "straight-through",
    ]
    saturation = (tmp_path / "saturation.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in saturation[2:]] == ["0.1", "0.3", "1", "5", "15"]
    for line in saturation[2:]:
        shares = [float(cell.split("%")[0]) for cell in line.split("|")[2:5]]
        assert sum(shares) == pytest.approx(100, abs=0.2)
    assert Image.open(tmp_path / "saturation.png").size[0] > 1000
